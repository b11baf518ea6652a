// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/metrics/processmetrics.h"

#include <prometheus/metric_family.h>

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>

namespace msgsrv {

namespace {

prometheus::MetricFamily family(const char *name, const char *help, prometheus::MetricType type, double value)
{
    prometheus::MetricFamily family;
    family.name = name;
    family.help = help;
    family.type = type;
    prometheus::ClientMetric metric;
    if (type == prometheus::MetricType::Counter)
        metric.counter.value = value;
    else
        metric.gauge.value = value;
    family.metric.push_back(metric);
    return family;
}

/// What /proc/self/stat says (proc(5)); times in clock ticks.
struct Stat
{
    double utime = 0;
    double stime = 0;
    double startTime = 0; ///< since boot
    double virtualBytes = 0;
    double residentPages = 0;
};

std::optional<Stat> readStat()
{
    std::ifstream file("/proc/self/stat");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    // The second field is the program's name in parentheses and may hold anything, blanks as well.
    const std::size_t nameEnd = text.rfind(')');
    if (nameEnd == std::string::npos)
        return {};
    std::istringstream fields(text.substr(nameEnd + 1));
    Stat stat;
    std::string skipped;
    for (int field = 3; fields && field <= 24; ++field) {
        switch (field) {
        case 14:
            fields >> stat.utime;
            break;
        case 15:
            fields >> stat.stime;
            break;
        case 22:
            fields >> stat.startTime;
            break;
        case 23:
            fields >> stat.virtualBytes;
            break;
        case 24:
            fields >> stat.residentPages;
            break;
        default:
            fields >> skipped;
        }
    }
    return fields ? std::optional(stat) : std::nullopt;
}

/// Unix time of the boot in seconds.
std::optional<double> readBootTime()
{
    std::ifstream file("/proc/stat");
    for (std::string word; file >> word;) {
        double seconds = 0;
        if (word == "btime" && file >> seconds)
            return seconds;
    }
    return {};
}

std::optional<double> countOpenFiles()
{
    // Since Linux 6.2 the directory's size is the number of its entries; before it is 0 and they are counted.
    struct stat info = {};
    if (::stat("/proc/self/fd", &info) == 0 && info.st_size > 0)
        return double(info.st_size);
    DIR *directory = ::opendir("/proc/self/fd");
    if (!directory)
        return {};
    int count = 0;
    while (const dirent *entry = ::readdir(directory))
        count += entry->d_name[0] == '.' ? 0 : 1;
    ::closedir(directory);
    return count - 1; // without the directory's own
}

} // namespace

std::vector<prometheus::MetricFamily> ProcessMetrics::Collect() const
{
    using prometheus::MetricType;
    std::vector<prometheus::MetricFamily> families;
    if (const std::optional<Stat> stat = readStat()) {
        const auto ticks = double(::sysconf(_SC_CLK_TCK));
        families.push_back(family("process_cpu_seconds_total", "User and system CPU time spent, in seconds.",
                                  MetricType::Counter, (stat->utime + stat->stime) / ticks));
        families.push_back(family("process_resident_memory_bytes", "Resident memory size, in bytes.",
                                  MetricType::Gauge, stat->residentPages * double(::sysconf(_SC_PAGESIZE))));
        families.push_back(family("process_virtual_memory_bytes", "Virtual memory size, in bytes.",
                                  MetricType::Gauge, stat->virtualBytes));
        static const std::optional<double> bootTime = readBootTime();
        if (bootTime)
            families.push_back(family("process_start_time_seconds",
                                      "Start of the process, Unix time in seconds.", MetricType::Gauge,
                                      *bootTime + stat->startTime / ticks));
    }
    if (const std::optional<double> open = countOpenFiles())
        families.push_back(family("process_open_fds", "Open file descriptors.", MetricType::Gauge, *open));
    rlimit limit = {};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
        families.push_back(family("process_max_fds", "File descriptors that the process may open.",
                                  MetricType::Gauge, double(limit.rlim_cur)));
    return families;
}

} // namespace msgsrv
