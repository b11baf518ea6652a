// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/startconfig.h"

#include "server/app/configchecks.h"
#include "server/app/configprinter.h"
#include "server/app/options.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <sys/stat.h>
#include <unistd.h>

namespace msgsrv {

namespace {

constexpr auto program = "messaging-server: ";

Farewell refusal(const std::vector<std::string> &sentences)
{
    Farewell farewell{ExitCode::Configuration, {}, {}};
    for (const std::string &sentence : sentences)
        farewell.err += program + sentence + '\n';
    return farewell;
}

/// False only when it is certain that there is no such file: one that cannot be looked at is to be told.
bool exists(const std::string &path)
{
    struct stat facts{};
    return ::stat(path.c_str(), &facts) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

void readFile(const std::string &path, ConfigSettings &into)
{
    if (const auto content = readSmallFile(path))
        readToml({content->constData(), std::size_t(content->size())}, path, into);
    else
        into.errors.push_back({{ConfigOrigin::Source::File, path, 0}, "this file " + content.error()});
}

} // namespace

Surroundings Surroundings::ofProcess()
{
    Surroundings surroundings;
    for (char **entry = environ; entry && *entry; ++entry) {
        const std::string_view text = *entry;
        const std::size_t equals = text.find('=');
        if (equals != text.npos)
            surroundings.environment.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    std::sort(surroundings.environment.begin(), surroundings.environment.end());
    surroundings.facts = SystemFacts::ofProcess();
    return surroundings;
}

std::variant<LoadedConfig, Farewell> startConfig(const std::vector<std::string> &arguments,
                                                 const Surroundings &surroundings)
{
    const auto options = parseOptions(arguments);
    if (!options) {
        std::vector<std::string> sentences = options.error();
        for (std::string &sentence : sentences)
            sentence += sentence.back() == '?' ? "" : ".";
        return refusal(sentences);
    }
    if (options->action == Options::Action::Help)
        return Farewell{ExitCode::Clean, helpText(), {}};
    if (options->action == Options::Action::Version)
        return Farewell{ExitCode::Clean, "messaging-server " MSGSRV_VERSION "\n", {}};

    ConfigSettings sources;
    if (options->configFile)
        readFile(*options->configFile, sources);
    else if (exists(surroundings.defaultFile))
        readFile(surroundings.defaultFile, sources);
    readEnvironment(surroundings.environment, sources);
    for (const std::string &assignment : options->assignments)
        readAssignment(assignment, sources);

    auto loaded = loadConfig(std::move(sources), surroundings.facts);
    if (!loaded) {
        std::vector<std::string> sentences;
        for (const ConfigError &error : loaded.error())
            sentences.push_back(error.toString());
        return refusal(sentences);
    }
    if (options->action == Options::Action::CheckConfig)
        return Farewell{ExitCode::Clean, "The configuration is good.\n", {}};
    if (options->action == Options::Action::PrintConfig)
        return Farewell{ExitCode::Clean, printConfig(loaded->settings), {}};
    return *std::move(loaded);
}

std::variant<LoadedConfig, Farewell> startConfig(int argc, const char *const *argv)
{
    return startConfig(std::vector<std::string>(argv + std::min(argc, 1), argv + argc),
                       Surroundings::ofProcess());
}

int say(const Farewell &farewell)
{
    std::fputs(farewell.out.c_str(), stdout);
    std::fflush(stdout);
    std::fputs(farewell.err.c_str(), stderr);
    return int(farewell.code);
}

} // namespace msgsrv
