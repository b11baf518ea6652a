// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace msgsrv::bench {

/// Ends the program: a benchmark that met an error has measured nothing.
[[noreturn]] inline void fail(const std::string &sentence)
{
    std::fprintf(stderr, "%s\n", sentence.c_str());
    std::exit(1);
}

[[noreturn]] inline void failErrno(const char *call)
{
    fail(std::string(call) + ": " + std::strerror(errno));
}

} // namespace msgsrv::bench
