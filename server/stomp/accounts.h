// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/stomp/passcodehash.h"
#include "shared/signaling/userid.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace msgsrv {

/// True when @p pattern, in which `*` stands for any characters or none, is all of @p text.
[[nodiscard]] bool matchesPattern(std::string_view pattern, std::string_view text);

/// Which destinations may be used, as patterns over the whole destination. Users' own queues
/// (`/queue/queue.…`) are no such destinations: no pattern reaches them.
struct Access
{
    std::vector<std::string> send;
    std::vector<std::string> subscribe;

    [[nodiscard]] static bool allows(const std::vector<std::string> &patterns, std::string_view destination);
};

/// A program that connects with a name and a passcode of the configuration, and has no session.
struct Account
{
    UserId login;
    std::string passcode; ///< secret; empty when there is a hash
    Access access;
    std::shared_ptr<const PasscodeHash> hash = nullptr; ///< PasscodeChecks checks against it
};

/// Whether @p presented is the passcode of an account that has no hash; takes as long for a wrong one as for
/// the right one.
[[nodiscard]] bool isPasscode(const Account &account, std::string_view presented);

/// The account of that login, or null.
[[nodiscard]] const Account *findAccount(const std::vector<Account> &accounts, std::string_view login);

} // namespace msgsrv
