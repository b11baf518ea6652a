// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/processsample.h"

#include "tests/bench/fail.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace msgsrv::bench {

ProcessSample ProcessSample::of(int pid)
{
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::size_t nameEnd = text.rfind(')');
    if (nameEnd == std::string::npos)
        fail("no process " + std::to_string(pid) + ": the server has ended");
    // Fields as in proc(5): 14 utime, 15 stime, 24 rss; the first after the name is 3.
    std::istringstream fields(text.substr(nameEnd + 1));
    std::string skipped;
    double utime = 0;
    double stime = 0;
    double pages = 0;
    for (int field = 3; field < 14; ++field)
        fields >> skipped;
    fields >> utime >> stime;
    for (int field = 16; field < 24; ++field)
        fields >> skipped;
    fields >> pages;
    return {(utime + stime) / double(::sysconf(_SC_CLK_TCK)), pages * double(::sysconf(_SC_PAGESIZE)) / 1024};
}

} // namespace msgsrv::bench
