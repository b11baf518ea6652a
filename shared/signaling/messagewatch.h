// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/signaling/listeningkey.h"
#include "shared/signaling/noticewishes.h"

#include <QByteArray>

#include <cstdint>

namespace msgsrv {

/// How far an accepted message has come. A later state never gives way to an earlier one.
enum class MessageState : std::uint8_t {
    Queued,
    Written, ///< to the recipient's connection
    Acked, ///< by the recipient
    Expired, ///< its time was over before it was written
    Dropped, ///< for another reason
};

/// What is kept of a message's sender, so that a later run of the program can tell it.
struct MessageOrigin
{
    ListeningKey sender{}; ///< of the session that sent it; null: it is not followed
    QByteArray exchangeId{}; ///< the sender's own name for it; null: none
    NoticeWishes wishes{}; ///< that are not fulfilled
};

/// Follows messages on behalf of who sent them. A broker tells it what becomes of them, in two steps, because
/// it learns that under its locks:
/// - advance() with locks held: it calls nobody;
/// - tell() when the broker holds no lock: it may call the broker.
///
/// Any thread.
class MessageWatch
{
public:
    enum class Step : std::uint8_t {
        Written, ///< and waits for the acknowledgement
        WrittenForGood, ///< nobody will acknowledge it
        Acked,
        Expired,
        Dropped,
    };

    virtual ~MessageWatch() = default;

    /// @p number is Message::number. @p reason, of Expired and Dropped, is static text. True: tell() is to be
    /// called.
    [[nodiscard]] virtual bool advance(std::uint64_t number, Step step, const char *reason) = 0;
    virtual void tell() = 0;

    /// What is to be kept of message @p number beside itself. A broker may ask with its locks held.
    [[nodiscard]] virtual MessageOrigin originOf(std::uint64_t number) const
    {
        (void)number;
        return {};
    }
};

} // namespace msgsrv
