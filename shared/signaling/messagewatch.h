// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

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
};

} // namespace msgsrv
