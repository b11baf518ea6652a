// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/configprinter.h"

#include "server/app/configkeys.h"

namespace msgsrv {

namespace {

std::string originComment(const ConfigOrigin &origin)
{
    switch (origin.source) {
    case ConfigOrigin::Source::Default:
        return "default";
    case ConfigOrigin::Source::File:
        return origin.toString();
    case ConfigOrigin::Source::Environment:
        return "environment " + origin.toString();
    case ConfigOrigin::Source::CommandLine:
        return "command line";
    }
    return {};
}

} // namespace

std::string printConfig(const std::vector<ConfigSetting> &settings)
{
    std::string out
        = "# messaging-server " MSGSRV_VERSION ": the configuration, each value with its origin\n";
    std::string_view section;
    for (const ConfigSetting &setting : settings) {
        const ConfigKey *key = findKey(setting.key);
        if (!key)
            continue;
        if (key->section() != section) {
            section = key->section();
            out += "\n[";
            out += section;
            out += "]\n";
        }
        const bool hidden = key->secret && setting.value != ConfigValue(std::string());
        out += key->leaf();
        out += " = ";
        out += hidden ? "\"***\"" : toToml(setting.value);
        out += " # ";
        out += originComment(setting.origin);
        out += '\n';
    }
    return out;
}

} // namespace msgsrv
