// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/systemfacts.h"

#include <algorithm>
#include <limits>
#include <sched.h>
#include <sys/resource.h>
#include <thread>

namespace msgsrv {

SystemFacts SystemFacts::ofProcess()
{
    SystemFacts facts;
    cpu_set_t cpus;
    if (::sched_getaffinity(0, sizeof cpus, &cpus) == 0)
        facts.cores = CPU_COUNT(&cpus);
    else
        facts.cores = int(std::max(1U, std::thread::hardware_concurrency()));
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
        facts.openFiles = limit.rlim_max;
    return facts;
}

int connectionsFor(std::uint64_t openFiles)
{
    constexpr std::uint64_t kept = 128;
    constexpr std::uint64_t most = 1'000'000;
    const std::uint64_t free = openFiles > 2 * kept ? openFiles - kept : openFiles / 2;
    return int(std::clamp<std::uint64_t>(free, 1, most));
}

int descriptorCeilingFor(std::uint64_t openFiles, int listeners)
{
    const std::uint64_t kept = std::min(64 + std::uint64_t(listeners), openFiles / 4);
    return int(std::min<std::uint64_t>(openFiles - kept, std::numeric_limits<int>::max()));
}

std::uint64_t openFileLimit()
{
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : SystemFacts().openFiles;
}

void raiseOpenFileLimit()
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

} // namespace msgsrv
