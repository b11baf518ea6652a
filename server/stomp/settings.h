// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/stomp/accounts.h"
#include "server/stomp/heartbeat.h"
#include "server/stomp/outbox.h"
#include "server/stomp/transactions.h"
#include "shared/base/clock.h"
#include "shared/stomp/parser.h"

#include <QByteArray>

#include <vector>

namespace msgsrv {

/// What the STOMP connections of this process keep to. Sizes in bytes; 0 is
/// unlimited for frames, headers and the login.
struct StompSettings
{
    qint64 frameBeforeLogin = 16 * 1024; ///< never more than frame; 0: as frame
    qint64 frame = 1024 * 1024; ///< limits.frame, from CONNECTED on
    int headers = 64; ///< header lines of one frame
    int headerLine = 8 * 1024;
    int subscriptions = 8; ///< of one connection
    int watches = 100; ///< presence.watches: users whose presence one connection watches
    Transactions::Limits transactions; ///< of one connection
    std::vector<Account> accounts; ///< [[stomp.accounts]]
    Access users; ///< stomp.user_topics: what every session's user may do beyond its own queue
    int jsonDepth = 32; ///< limits.json_depth, of a SEND's content
    /// What may come while an answer of the session service or the broker is waited for, at least one frame.
    qint64 kept = 64 * 1024;
    int sendsInFlight = 1024; ///< SENDs that the broker has not answered; further frames wait

    milliseconds loginTimeout = seconds(10); ///< from the first octet or sweep to CONNECTED
    milliseconds disconnectTimeout = seconds(5); ///< for SENDs under way when DISCONNECT came
    milliseconds probeTimeout = seconds(2); ///< for a sign of life when another wants the userId
    HeartBeat::Settings heartBeat;
    Outbox::Settings delivery;

    /// The `server` header: no blank, no colon, no backslash.
    QByteArray server = QByteArrayLiteral("messaging-server/" MSGSRV_VERSION);
};

enum class LoginState { Before, After };

/// The largest frame and the largest transport message.
[[nodiscard]] qint64 frameLimit(const StompSettings &settings, LoginState state);

/// What the parser accepts before and after the login.
[[nodiscard]] stomp::ParserLimits parserLimits(const StompSettings &settings, LoginState state);

} // namespace msgsrv
