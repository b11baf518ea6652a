// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/accountsconfig.h"

#include "server/app/configchecks.h"
#include "server/app/nearest.h"
#include "shared/base/logline.h"

#include <algorithm>
#include <optional>

namespace msgsrv {

namespace {

/// Reads one table; what is wrong with it goes to the settings' errors.
class AccountReader
{
public:
    AccountReader(const std::string &file, ConfigSettings &into)
        : m_file(file)
        , m_into(into)
    { }

    void read(const toml::table &table)
    {
        m_line = unsigned(table.source().begin.line);
        Account account;
        std::optional<std::string> login;
        std::optional<std::string> passcode;
        for (const auto &[name, node] : table) {
            const unsigned line = unsigned(name.source().begin.line);
            const std::string_view key = name.str();
            if (key == "login")
                login = text(node, key, line);
            else if (key == "passcode")
                takePasscode(passcode, text(node, key, line), line);
            else if (key == "passcode_file")
                takePasscode(passcode, content(node, key, line), line);
            else if (key == "passcode_hash")
                takeHash(account, text(node, key, line), line);
            else if (key == "send")
                account.access.send = patterns(node, key, line);
            else if (key == "subscribe")
                account.access.subscribe = patterns(node, key, line);
            else
                unknown(key, line);
        }
        if (m_failed)
            return;
        if (passcode && account.hash)
            error(m_line, "has both a passcode and a passcode_hash");
        else if (!login || !(passcode || account.hash))
            error(m_line, "needs login, and passcode, passcode_file or passcode_hash");
        if (m_failed)
            return;
        const auto user = UserId::parse(*login);
        if (!user)
            error(m_line, "login " + std::string(describe(user.error())));
        else if (std::any_of(m_into.accounts.begin(), m_into.accounts.end(),
                             [&](const Account &other) { return other.login == *user; }))
            error(m_line, "login " + tomlString(*login) + " is another account's already");
        if (m_failed)
            return;
        account.login = *user;
        account.passcode = passcode.value_or("");
        m_into.accounts.push_back(std::move(account));
    }

private:
    void error(unsigned line, const std::string &what)
    {
        m_failed = true;
        m_into.errors.push_back({{ConfigOrigin::Source::File, m_file, line}, "stomp.accounts: " + what});
    }

    void unknown(std::string_view key, unsigned line)
    {
        std::string shown;
        log::appendBareOrQuoted(shown, key);
        error(line,
              shown + " is not a known key; did you mean "
                  + std::string(nearest(
                      key, {"login", "passcode", "passcode_file", "passcode_hash", "send", "subscribe"}))
                  + '?');
    }

    std::optional<std::string> text(const toml::node &node, std::string_view key, unsigned line)
    {
        if (const auto *value = node.as_string())
            return value->get();
        error(line, std::string(key) + " must be a string");
        return std::nullopt;
    }

    std::optional<std::string> content(const toml::node &node, std::string_view key, unsigned line)
    {
        const auto path = text(node, key, line);
        if (!path)
            return std::nullopt;
        const auto read = readSmallFile(*path);
        if (!read) {
            error(line, "passcode_file " + tomlString(*path) + ' ' + read.error());
            return std::nullopt;
        }
        std::string passcode = read->toStdString();
        while (!passcode.empty() && (passcode.back() == '\n' || passcode.back() == '\r'))
            passcode.pop_back();
        return passcode;
    }

    void takePasscode(std::optional<std::string> &passcode, const std::optional<std::string> &given,
                      unsigned line)
    {
        if (passcode)
            error(line, "has both passcode and passcode_file");
        else if (given && given->empty())
            error(line, "the passcode is empty");
        passcode = given;
    }

    void takeHash(Account &account, const std::optional<std::string> &given, unsigned line)
    {
        if (!given)
            return;
        const auto hash = PasscodeHash::parse(*given);
        if (hash)
            account.hash = std::make_shared<const PasscodeHash>(*hash);
        else
            error(line, "passcode_hash " + hash.error());
    }

    std::vector<std::string> patterns(const toml::node &node, std::string_view key, unsigned line)
    {
        std::vector<std::string> list;
        if (const auto *array = node.as_array()) {
            for (const toml::node &element : *array) {
                const auto *pattern = element.as_string();
                if (!pattern || !pattern->get().starts_with('/')) {
                    error(line, std::string(key) + " must hold patterns like \"/queue/*\"");
                    return {};
                }
                list.push_back(pattern->get());
            }
        } else {
            error(line, std::string(key) + " must be a list of patterns");
        }
        return list;
    }

    const std::string &m_file;
    ConfigSettings &m_into;
    unsigned m_line = 0;
    bool m_failed = false;
};

} // namespace

void readAccounts(const toml::node &node, const std::string &file, unsigned line, ConfigSettings &into)
{
    const toml::array *const array = node.as_array();
    const auto isTable = [](const toml::node &element) { return element.is_table(); };
    if (!array || !std::all_of(array->begin(), array->end(), isTable)) {
        into.errors.push_back(
            {{ConfigOrigin::Source::File, file, line},
             "stomp.accounts is written as tables: [[stomp.accounts]] and their keys below"});
        return;
    }
    for (const toml::node &element : *array)
        AccountReader(file, into).read(*element.as_table());
}

} // namespace msgsrv
