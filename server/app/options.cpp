// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/options.h"

#include "server/app/nearest.h"
#include "shared/base/logline.h"

#include <algorithm>
#include <string_view>

namespace msgsrv {

namespace {

std::string shown(std::string_view text)
{
    std::string out;
    log::appendBareOrQuoted(out, text);
    return out;
}

} // namespace

tl::expected<Options, std::vector<std::string>> parseOptions(const std::vector<std::string> &arguments)
{
    const std::vector<std::string_view> known{"--config",       "--set",     "--check-config",
                                              "--print-config", "--version", "--help"};
    Options options;
    std::vector<std::string> errors;
    const auto demand = [&](Options::Action action) {
        if ((action == Options::Action::CheckConfig && options.action == Options::Action::PrintConfig)
            || (action == Options::Action::PrintConfig && options.action == Options::Action::CheckConfig))
            errors.emplace_back("--check-config and --print-config cannot be given together");
        options.action = std::max(options.action, action);
    };

    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        const std::size_t equals = argument.find('=');
        const std::string_view name = argument.substr(0, equals);
        const bool takesValue = name == "--config" || name == "--set";
        if (takesValue) {
            std::string value;
            if (equals != argument.npos) {
                value = argument.substr(equals + 1);
            } else if (i + 1 < arguments.size()) {
                value = arguments[++i];
            } else {
                errors.push_back(std::string(name)
                                 + (name == "--set" ? " needs section.key=value" : " needs a file")
                                 + " behind it");
                continue;
            }
            if (name == "--set")
                options.assignments.push_back(std::move(value));
            else if (options.configFile)
                errors.emplace_back("--config is given twice");
            else if (value.empty())
                errors.emplace_back("--config needs a file behind it");
            else
                options.configFile = std::move(value);
        } else if (equals != argument.npos && std::find(known.begin(), known.end(), name) != known.end()) {
            errors.push_back(std::string(name) + " takes no value");
        } else if (argument == "--check-config") {
            demand(Options::Action::CheckConfig);
        } else if (argument == "--print-config") {
            demand(Options::Action::PrintConfig);
        } else if (argument == "--version" || argument == "-V") {
            demand(Options::Action::Version);
        } else if (argument == "--help" || argument == "-h") {
            demand(Options::Action::Help);
        } else if (argument.substr(0, 1) == "-") {
            errors.push_back(shown(name) + " is not a known option; did you mean "
                             + std::string(nearest(name, known)) + '?');
        } else {
            errors.push_back(shown(argument)
                             + " is one argument too many; a configuration file is given with --config");
        }
    }
    if (!errors.empty())
        return tl::make_unexpected(std::move(errors));
    return options;
}

std::string helpText()
{
    return "Usage: messaging-server [OPTION]...\n"
           "The daemon of a signaling server for WebRTC applications.\n"
           "\n"
           "  --config FILE            read this TOML file\n"
           "                           (default: /etc/messaging-server/messaging-server.toml when it "
           "exists)\n"
           "  --set SECTION.KEY=VALUE  set one value; may be given several times\n"
           "  --check-config           check the configuration and end: 0 good, 2 not\n"
           "  --print-config           print each value with its origin and end\n"
           "  --version                print the version and end\n"
           "  --help                   print this and end\n"
           "\n"
           "A value is taken from --set, else from the environment (MESSAGING_SERVER__SECTION__KEY), else "
           "from\n"
           "the file, else it is the default. --set takes a bare word or a TOML value, e.g.\n"
           "  messaging-server --set http.listen=127.0.0.1:0 --set 'net.trusted_proxies=[\"10.0.0.0/8\"]'\n"
           "\n"
           "Exit codes: 0 clean stop, 2 configuration, 3 cannot listen, 4 storage, 5 other start failure.\n";
}

} // namespace msgsrv
