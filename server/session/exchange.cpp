// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/exchange.h"

#include "shared/base/json.h"

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

namespace msgsrv {

namespace {

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

Problem notDelivered()
{
    return {ProblemCause::RecipientUnknown,
            QByteArrayLiteral("The message was accepted, but the recipient's session ended, or the message's "
                              "time was over, before it could be delivered."),
            0};
}

/// Of a message that was sent before.
tl::expected<ExchangeReceipt, Problem> receiptFor(const MessageReport &known)
{
    switch (known.state) {
    case MessageState::Queued:
        return ExchangeReceipt{known.messageId, false};
    case MessageState::Written:
    case MessageState::Acked:
        return ExchangeReceipt{known.messageId, true};
    case MessageState::Expired:
    case MessageState::Dropped:
        break;
    }
    return tl::unexpected(notDelivered());
}

tl::expected<ExchangeReceipt, Problem> receiptFor(QByteArray id, PublishResult result)
{
    switch (result.state) {
    case PublishResult::State::Written:
        return ExchangeReceipt{std::move(id), true};
    case PublishResult::State::Queued:
        return ExchangeReceipt{std::move(id), false};
    case PublishResult::State::Dropped:
        return tl::unexpected(notDelivered());
    case PublishResult::State::Refused:
        break;
    }
    switch (result.refusal) {
    case PublishRefusal::NoQueue:
        return tl::unexpected(recipientUnknown());
    case PublishRefusal::QueueFull:
        return tl::unexpected(Problem{ProblemCause::QueueFull,
                                      QByteArrayLiteral("Too many messages wait for the recipient."), 1});
    case PublishRefusal::NotSaved:
        return tl::unexpected(
            Problem{ProblemCause::Unavailable,
                    QByteArrayLiteral("The message has to wait, and the disk on which it would "
                                      "be kept cannot be written to."),
                    1});
    case PublishRefusal::None:
    case PublishRefusal::Unavailable:
        break;
    }
    return tl::unexpected(
        Problem{ProblemCause::Unavailable, QByteArrayLiteral("The message broker cannot be reached."), 1});
}

void callAll(const std::vector<SenderLedger::Again> &waiting)
{
    for (const SenderLedger::Again &again : waiting)
        again();
}

Problem invalidMember(const char *detail)
{
    return {ProblemCause::InvalidMember, detail, 0};
}

} // namespace

tl::expected<QByteArray, Problem> parseExchangeId(std::string_view text)
{
    if (const auto id = UserId::parse(text))
        return id->bytes();
    return tl::unexpected(invalidMember("The exchange id must be 1 to 128 bytes of UTF-8, without control "
                                        "characters and without blanks at its ends."));
}

tl::expected<NoticeWishes, Problem> parseNotify(std::string_view text)
{
    if (const auto wishes = NoticeWishes::parse(text))
        return *wishes;
    return tl::unexpected(
        invalidMember("notify must be some of written, acked and failed, with commas between them."));
}

tl::expected<milliseconds, Problem> parseTtl(std::string_view text)
{
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value == 0)
        return tl::unexpected(invalidMember("ttl must be a whole number of milliseconds, at least 1."));
    return milliseconds(value);
}

Exchange::Exchange(const SessionDirectory &directory, Broker &broker, qsizetype contentLimit)
    : m_directory(directory)
    , m_broker(broker)
    , m_contentLimit(contentLimit)
{ }

QByteArray Exchange::nextMessageId()
{
    return m_ids.idOf(m_nextNumber.fetch_add(1, std::memory_order_relaxed));
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
    const bool isProven = !request.senderKey.isNull();
    const std::optional<SessionDirectory::Entry> sender
        = isProven ? m_directory.findKey(request.senderKey) : m_directory.findUser(request.from);
    if (isProven && (!sender || !(sender->userId == request.from))) {
        tellRefused(request, "sender_unknown");
        done(tl::unexpected(
            Problem{ProblemCause::UnknownKey, QByteArrayLiteral("The sender's session is over."), 0}));
        return;
    }
    SenderLedger *const ledger = sender ? sender->ledger.get() : nullptr;
    const bool isFollowed = isProven && ledger;
    if (!isFollowed && (!request.exchangeId.isNull() || request.wishes.any())) {
        tellRefused(request, "no_session");
        done(tl::unexpected(Problem{ProblemCause::Unauthenticated,
                                    QByteArrayLiteral("An exchange id and notify are for senders that prove "
                                                      "their session."),
                                    0}));
        return;
    }

    const std::uint64_t number = m_nextNumber.fetch_add(1, std::memory_order_relaxed);
    QByteArray id = m_ids.idOf(number);
    if (isFollowed) {
        const bool isDecided = keepOf(request.wishes) == Keep::Nothing;
        const auto known
            = ledger->add(number, {id, request.exchangeId, request.to, MessageState::Queued, "", isDecided},
                          request.wishes);
        if (known && !known->isDecided) {
            // Its first sender waits for the answer still; nobody is told that it is there before that.
            const QByteArray exchangeId = request.exchangeId;
            auto again = [this, request, tell, done] { relay(request, tell, done); };
            if (!ledger->whenDecided(exchangeId, again))
                again();
            return;
        }
        if (known)
            return done(receiptFor(*known));
    }
    const TimePoint now = Clock::now();
    const auto route = routeOf(request, now);
    if (!route) {
        if (isFollowed)
            callAll(ledger->forget(number));
        tellRefused(request,
                    route.error().cause == ProblemCause::QueueFull ? "hold_full" : "recipient_unknown");
        return done(tl::unexpected(route.error()));
    }

    const Keep keep = keepOf(request.wishes);
    std::shared_ptr<Message> message = makeMessage(std::move(request), std::move(id), now);
    message->expiresAt = route->expiresAt;
    message->keep = keep;
    message->isHeld = route->isHeld;
    if (isFollowed) {
        message->number = number;
        message->watch = sender->ledger;
    }
    publish(std::move(message), *route, sender ? sender->ledger : nullptr, tell, std::move(done));
}

tl::expected<Exchange::Route, Problem> Exchange::routeOf(const ExchangeRequest &request, TimePoint now) const
{
    const TimePoint expiresAt = request.ttl ? now + *request.ttl : TimePoint::max();
    if (const auto recipient = m_directory.findUser(request.to))
        return Route{recipient->key, expiresAt, false};
    if (!request.ttl || !m_absent)
        return tl::unexpected(recipientUnknown());
    const auto place = m_absent->placeFor(request.to, request.from, expiresAt, now);
    if (const auto *found = std::get_if<AbsentQueues::Place>(&place))
        return Route{found->queue, found->expiresAt, found->isHeld};
    switch (std::get<AbsentQueues::Refusal>(place)) {
    case AbsentQueues::Refusal::Off:
        return tl::unexpected(recipientUnknown());
    case AbsentQueues::Refusal::TooManyUsers:
    case AbsentQueues::Refusal::TooManyOfSender:
        break;
    }
    return tl::unexpected(Problem{ProblemCause::QueueFull,
                                  QByteArrayLiteral("Too many messages wait for users who are not there."),
                                  1});
}

void Exchange::publish(std::shared_ptr<Message> message, const Route &route,
                       std::shared_ptr<SenderLedger> ledger, Broker::Tell tell, Done done)
{
    const MessagePtr published = message;
    m_broker.publish(route.queue, published, tell,
                     [this, published, ledger = std::move(ledger), isHeld = route.isHeld, tell,
                      done = std::move(done)](PublishResult result) {
                         if (result.state != PublishResult::State::Refused) {
                             if (ledger)
                                 ledger->countSent();
                             std::vector<SenderLedger::Again> waiting;
                             if (published->watch && published->keep != Keep::Nothing)
                                 waiting = ledger->decide(published->number);
                             done(receiptFor(published->id, result));
                             return callAll(waiting);
                         }
                         if (isHeld)
                             m_absent->withdraw(published->to, published->from);
                         // The recipient went in this very moment: a message that may wait for its return
                         // does.
                         const bool mayWait = !isHeld && m_absent && published->expiresAt != TimePoint::max();
                         if (mayWait && result.refusal == PublishRefusal::NoQueue) {
                             const auto place = m_absent->placeFor(published->to, published->from,
                                                                   published->expiresAt, Clock::now());
                             const auto *const found = std::get_if<AbsentQueues::Place>(&place);
                             if (found && found->isHeld) {
                                 auto again = std::make_shared<Message>(*published);
                                 again->expiresAt = found->expiresAt;
                                 again->isHeld = true;
                                 return publish(std::move(again), {found->queue, found->expiresAt, true},
                                                ledger, tell, done);
                             }
                         }
                         std::vector<SenderLedger::Again> waiting;
                         if (published->watch)
                             waiting = ledger->forget(published->number);
                         done(receiptFor(published->id, result));
                         callAll(waiting);
                     });
}

std::optional<MessageReport> Exchange::report(const SessionDirectory::Entry &sender,
                                              const QByteArray &messageId) const
{
    if (!sender.ledger)
        return std::nullopt;
    const auto number = m_ids.numberOf(messageId);
    return number ? sender.ledger->find(*number) : sender.ledger->findRestored(messageId);
}

Keep Exchange::keepOf(const NoticeWishes &wishes) const
{
    switch (m_keeping) {
    case Keeping::Nothing:
        break;
    case Keeping::Fates:
        return wishes.failed ? Keep::Fate : Keep::Nothing;
    case Keeping::Messages:
        return Keep::Surely;
    }
    return Keep::Nothing;
}

std::shared_ptr<Message> Exchange::makeMessage(ExchangeRequest request, QByteArray id, TimePoint now) const
{
    auto message = std::make_shared<Message>();
    message->id = std::move(id);
    message->from = std::move(request.from);
    message->body = messageBody(message->from, request.contentJson);
    message->headers = std::move(request.headers);
    message->acceptedAt = now;
    message->to = std::move(request.to);
    message->via = request.via;
    return message;
}

void Exchange::tellRefused(const ExchangeRequest &request, const char *reason)
{
    if (m_tap && m_tap->isOpen())
        m_tap->tell(FlowEvent::Kind::Refused, makeMessage(request, nextMessageId(), Clock::now()), reason);
}

} // namespace msgsrv
