// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/configsources.h"

#include "server/app/accountsconfig.h"
#include "server/app/configkeys.h"
#include "server/app/nearest.h"
#include "server/app/tomlnode.h"
#include "shared/base/logline.h"

#include <algorithm>

namespace msgsrv {

namespace {

constexpr std::string_view environmentPrefix = "MESSAGING_SERVER__";

using Source = ConfigOrigin::Source;

std::string shownName(std::string_view name)
{
    std::string shown;
    log::appendBareOrQuoted(shown, name);
    return shown;
}

std::string unknownKey(std::string_view name)
{
    return shownName(name) + " is not a known key; did you mean " + std::string(nearest(name, keyNames()))
        + '?';
}

std::vector<std::string_view> sectionNames()
{
    std::vector<std::string_view> names;
    for (const ConfigKey &key : configKeys()) {
        if (!key.section().empty() && (names.empty() || names.back() != key.section()))
            names.push_back(key.section());
    }
    return names;
}

bool isSection(std::string_view name)
{
    const auto names = sectionNames();
    return std::find(names.begin(), names.end(), name) != names.end();
}

class TomlWalk
{
public:
    TomlWalk(const std::string &file, ConfigSettings &into)
        : m_file(file)
        , m_into(into)
    { }

    void table(const toml::table &table, const std::string &prefix)
    {
        for (const auto &[name, node] : table)
            visit(prefix.empty() ? std::string(name.str()) : prefix + '.' + std::string(name.str()), name,
                  node);
    }

private:
    void visit(const std::string &path, const toml::key &name, const toml::node &node)
    {
        const ConfigOrigin origin{Source::File, m_file, unsigned(name.source().begin.line)};
        if (path == "stomp.accounts") {
            readAccounts(node, m_file, origin.line, m_into);
        } else if (findKey(path)) {
            if (auto value = valueOf(node))
                m_into.settings.push_back({path, *std::move(value), origin});
            else
                m_into.errors.push_back({origin, path + ' ' + value.error()});
        } else if (isSection(path) && !node.is_table()) {
            m_into.errors.push_back(
                {origin, path + " is a section; write [" + path + "] and its keys below"});
        } else if (node.is_table() && (isSection(path) || !node.as_table()->empty())) {
            table(*node.as_table(), path);
        } else if (node.is_table()) {
            m_into.errors.push_back({origin,
                                     shownName(path) + " is not a known section; did you mean "
                                         + std::string(nearest(path, sectionNames())) + '?'});
        } else {
            m_into.errors.push_back({origin, unknownKey(path)});
        }
    }

    const std::string &m_file;
    ConfigSettings &m_into;
};

/// Reads @p text as a value of @p key.
void readText(const ConfigKey &key, std::string_view text, const ConfigOrigin &origin, ConfigSettings &into)
{
    if (auto value = parseWordOrToml(text, bareWordOf(key)))
        into.settings.push_back({std::string(key.name), *std::move(value), origin});
    else
        into.errors.push_back({origin, std::string(key.name) + ": the value " + value.error()});
}

} // namespace

void readToml(std::string_view text, const std::string &file, ConfigSettings &into)
{
    try {
        const toml::table table = toml::parse(text);
        TomlWalk(file, into).table(table, {});
    } catch (const toml::parse_error &error) {
        std::string description = shownName(error.description());
        if (description.size() > 1 && description.front() == '"')
            description = description.substr(1, description.size() - 2);
        into.errors.push_back(
            {{Source::File, file, unsigned(error.source().begin.line)}, "this is no TOML: " + description});
    }
}

void readEnvironment(const std::vector<std::pair<std::string, std::string>> &environment,
                     ConfigSettings &into)
{
    for (const auto &[name, value] : environment) {
        if (std::string_view(name).substr(0, environmentPrefix.size()) != environmentPrefix)
            continue;
        const ConfigOrigin origin{Source::Environment, name, 0};
        const ConfigKey *found = nullptr;
        std::vector<std::string_view> names;
        for (const ConfigKey &key : configKeys()) {
            if (key.environmentName() == name)
                found = &key;
        }
        if (found) {
            readText(*found, value, origin, into);
            continue;
        }
        std::string dotted;
        const std::string_view rest = std::string_view(name).substr(environmentPrefix.size());
        for (std::size_t i = 0; i < rest.size(); ++i) {
            if (rest[i] == '_' && i + 1 < rest.size() && rest[i + 1] == '_') {
                dotted += '.';
                ++i;
            } else {
                dotted += rest[i] >= 'A' && rest[i] <= 'Z' ? char(rest[i] - 'A' + 'a') : rest[i];
            }
        }
        const ConfigKey *meant = findKey(nearest(dotted, keyNames()));
        into.errors.push_back({origin,
                               "this variable names no known key; did you mean " + meant->environmentName()
                                   + " (" + std::string(meant->name) + ")?"});
    }
}

void readAssignment(std::string_view assignment, ConfigSettings &into)
{
    const ConfigOrigin origin{Source::CommandLine, {}, 0};
    const std::size_t equals = assignment.find('=');
    const std::string_view name = assignment.substr(0, equals);
    const ConfigKey *key = findKey(name);
    if (!key)
        into.errors.push_back({origin, unknownKey(name)});
    else if (equals == assignment.npos)
        into.errors.push_back(
            {origin, std::string(name) + " has no value; write --set " + std::string(name) + "=VALUE"});
    else
        readText(*key, assignment.substr(equals + 1), origin, into);
}

} // namespace msgsrv
