// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/accounts.h"

#include <algorithm>

namespace msgsrv {

bool matchesPattern(std::string_view pattern, std::string_view text)
{
    // Where to go back to: behind the last star, and one character further in the text than last time.
    std::size_t star = std::string_view::npos;
    std::size_t retry = 0;
    std::size_t p = 0;
    std::size_t t = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            retry = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++retry;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool Access::allows(const std::vector<std::string> &patterns, std::string_view destination)
{
    return std::any_of(patterns.begin(), patterns.end(), [destination](const std::string &pattern) {
        return matchesPattern(pattern, destination);
    });
}

bool isPasscode(const Account &account, std::string_view presented)
{
    const std::string &passcode = account.passcode;
    unsigned difference = passcode.size() == presented.size() ? 0 : 1;
    for (std::size_t i = 0; i < presented.size(); ++i) {
        const char expected = passcode.empty() ? '\0' : passcode[i % passcode.size()];
        difference |= unsigned(static_cast<unsigned char>(expected ^ presented[i]));
    }
    return difference == 0 && !passcode.empty();
}

const Account *findAccount(const std::vector<Account> &accounts, std::string_view login)
{
    const auto it = std::find_if(accounts.begin(), accounts.end(), [login](const Account &account) {
        return std::string_view(account.login.bytes().constData(), std::size_t(account.login.bytes().size()))
            == login;
    });
    return it == accounts.end() ? nullptr : &*it;
}

} // namespace msgsrv
