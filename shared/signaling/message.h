// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/clock.h"
#include "shared/signaling/messagewatch.h"
#include "shared/signaling/userid.h"

#include <QByteArray>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace msgsrv {

/// What a lasting store keeps of a message while it waits, in case the process ends without warning.
enum class Keep : std::uint8_t {
    Nothing,
    Fate, ///< not the message, but who is to be told that it was lost
    Content, ///< the message; if the store cannot, it waits in memory alone
    Surely, ///< the message; if the store cannot, it is not accepted
};

/// One relayed message. Immutable once it is published, so threads may share it.
struct Message
{
    /// Unique in this process; no character that STOMP would escape.
    QByteArray id;
    UserId from;
    /// JSON text `{"from":...,"content":...}`, UTF-8.
    QByteArray body;
    /// Further headers of the SEND that travel with the message (names and values unescaped). Never one
    /// of the headers that the server makes (CONTRACT, STOMP).
    std::vector<std::pair<QByteArray, QByteArray>> headers;
    TimePoint acceptedAt;
    UserId to{}; ///< for those who watch; the queue says who gets it
    const char *via = ""; ///< "http", "stomp" or "server": how it came; static text
    /// Not to be written for the first time from then on.
    TimePoint expiresAt = TimePoint::max();
    /// Of a message that the server made itself: the header `event`; static text.
    const char *event = "";
    std::uint64_t number = 0; ///< unique in this process, if somebody follows it
    std::shared_ptr<MessageWatch> watch{}; ///< who follows it
    Keep keep = Keep::Nothing;
    bool isHeld = false; ///< it was accepted for a user who was not there

    /// The content alone, a part of the body.
    [[nodiscard]] std::string_view content() const
    {
        // The sender's id in front of it is a JSON string, in which this cannot stand: its quotes are
        // escaped.
        constexpr std::string_view name = R"(,"content":)";
        const std::string_view text(body.constData(), std::size_t(body.size()));
        const std::size_t at = text.find(name);
        return at == text.npos ? std::string_view()
                               : text.substr(at + name.size(), text.size() - at - name.size() - 1);
    }
    /// What is the same for all receivers of one protocol version, written once by the first of them; null
    /// for messages with one receiver.
    struct Tail
    {
        std::once_flag once[3];
        std::string text[3];
        std::atomic<int> written = 0; ///< how often one was written: once for each version at most
    };
    std::shared_ptr<Tail> tail{};

    /// Bytes that count against a queue's limit.
    [[nodiscard]] qsizetype weight() const
    {
        qsizetype bytes = 64 + body.size();
        for (const auto &[name, value] : headers)
            bytes += name.size() + value.size();
        return bytes;
    }
};

using MessagePtr = std::shared_ptr<const Message>;

} // namespace msgsrv
