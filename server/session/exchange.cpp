// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/exchange.h"

#include "shared/base/json.h"
#include "shared/base/random.h"

#include <charconv>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

namespace msgsrv {

namespace {

constexpr int base36 = 36;

QByteArray randomPrefix()
{
    std::uint64_t random = 0;
    fillRandom(&random, sizeof random);
    constexpr std::uint64_t eightDigits = 2'821'109'907'456; // 36^8
    QByteArray prefix = QByteArray::number(quint64(random % eightDigits), base36);
    return prefix.rightJustified(8, '0') + '-';
}

std::string_view viewOf(const QByteArray &bytes)
{
    return {bytes.constData(), std::size_t(bytes.size())};
}

/// Joins @p parts with one allocation.
QByteArray joined(std::initializer_list<std::string_view> parts)
{
    std::size_t size = 0;
    for (const std::string_view part : parts)
        size += part.size();
    QByteArray bytes(qsizetype(size), Qt::Uninitialized);
    char *to = bytes.data();
    for (const std::string_view part : parts) {
        std::memcpy(to, part.data(), part.size());
        to += part.size();
    }
    return bytes;
}

QByteArray messageId(const QByteArray &prefix, std::uint64_t number)
{
    constexpr std::size_t mostDigits = 13; // 36^13 > 2^64
    char digits[mostDigits];
    const auto end = std::to_chars(digits, digits + mostDigits, number, base36).ptr;
    return joined({viewOf(prefix), {digits, std::size_t(end - digits)}});
}

QByteArray messageBody(const UserId &from, const QByteArray &contentJson)
{
    thread_local std::string quoted; // keeps its memory from message to message
    quoted.clear();
    appendJsonString(quoted, viewOf(from.bytes()));
    return joined({R"({"from":)", quoted, R"(,"content":)", viewOf(contentJson), "}"});
}

Problem recipientUnknown()
{
    return {ProblemCause::RecipientUnknown, QByteArrayLiteral("The recipient has no session."), 0};
}

tl::expected<ExchangeReceipt, Problem> receiptFor(QByteArray id, PublishResult result)
{
    switch (result.state) {
    case PublishResult::State::Written:
        return ExchangeReceipt{std::move(id), true};
    case PublishResult::State::Queued:
        return ExchangeReceipt{std::move(id), false};
    case PublishResult::State::Dropped:
        return tl::unexpected(Problem{ProblemCause::RecipientUnknown,
                                      QByteArrayLiteral("The recipient's session ended before the message "
                                                        "could be delivered."),
                                      0});
    case PublishResult::State::Refused:
        break;
    }
    switch (result.refusal) {
    case PublishRefusal::NoQueue:
        return tl::unexpected(recipientUnknown());
    case PublishRefusal::QueueFull:
        return tl::unexpected(Problem{ProblemCause::QueueFull,
                                      QByteArrayLiteral("Too many messages wait for the recipient."), 1});
    case PublishRefusal::None:
    case PublishRefusal::Unavailable:
        break;
    }
    return tl::unexpected(
        Problem{ProblemCause::Unavailable, QByteArrayLiteral("The message broker cannot be reached."), 1});
}

} // namespace

Exchange::Exchange(const SessionDirectory &directory, Broker &broker, qsizetype contentLimit)
    : m_directory(directory)
    , m_broker(broker)
    , m_contentLimit(contentLimit)
    , m_idPrefix(randomPrefix())
{ }

QByteArray Exchange::nextMessageId()
{
    return messageId(m_idPrefix, m_nextId.fetch_add(1, std::memory_order_relaxed));
}

void Exchange::relay(ExchangeRequest request, Broker::Tell tell, Done done)
{
    if (m_contentLimit > 0 && request.contentJson.size() > m_contentLimit) {
        tellRefused(request, "content_too_large");
        done(tl::unexpected(
            Problem{ProblemCause::ContentTooLarge,
                    "The content is larger than " + QByteArray::number(m_contentLimit) + " bytes.", 0}));
        return;
    }
    const std::optional<SessionDirectory::Entry> sender = request.senderKey.isNull()
        ? m_directory.findUser(request.from)
        : m_directory.findKey(request.senderKey);
    if (!request.senderKey.isNull() && (!sender || !(sender->userId == request.from))) {
        tellRefused(request, "sender_unknown");
        done(tl::unexpected(
            Problem{ProblemCause::UnknownKey, QByteArrayLiteral("The sender's session is over."), 0}));
        return;
    }
    const std::optional<SessionDirectory::Entry> recipient = m_directory.findUser(request.to);
    if (!recipient) {
        tellRefused(request, "recipient_unknown");
        done(tl::unexpected(recipientUnknown()));
        return;
    }

    std::shared_ptr<Message> message = makeMessage(std::move(request));
    QByteArray id = message->id;
    m_broker.publish(recipient->key, std::move(message), tell,
                     [id = std::move(id), sent = sender ? sender->sent : nullptr,
                      done = std::move(done)](PublishResult result) mutable {
                         if (sent && result.state != PublishResult::State::Refused)
                             sent->fetch_add(1, std::memory_order_relaxed);
                         done(receiptFor(std::move(id), result));
                     });
}

std::shared_ptr<Message> Exchange::makeMessage(ExchangeRequest request)
{
    auto message = std::make_shared<Message>();
    message->id = nextMessageId();
    message->from = std::move(request.from);
    message->body = messageBody(message->from, request.contentJson);
    message->headers = std::move(request.headers);
    message->acceptedAt = Clock::now();
    message->to = std::move(request.to);
    message->via = request.via;
    return message;
}

void Exchange::tellRefused(const ExchangeRequest &request, const char *reason)
{
    if (m_tap && m_tap->isOpen())
        m_tap->tell(FlowEvent::Kind::Refused, makeMessage(request), reason);
}

} // namespace msgsrv
