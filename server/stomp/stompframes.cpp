// SPDX-License-Identifier: GPL-3.0-or-later
//
// The frames that a client sends but CONNECT, one function each.
#include "server/session/exchange.h"
#include "server/stomp/sendrequest.h"
#include "server/stomp/stompconnection.h"
#include "server/stomp/subscriberequest.h"
#include "shared/signaling/closecodes.h"

#include <utility>
#include <variant>

namespace msgsrv {

namespace {

Fault noTransaction(const stomp::Frame &frame, Transactions::Error error)
{
    switch (error) {
    case Transactions::Error::Exists:
        return protocolFault(frame, "transaction exists", "A transaction of that name is open.");
    case Transactions::Error::Unknown:
        return protocolFault(frame, "no such transaction", "No transaction of that name is open.");
    case Transactions::Error::TooMany:
        return policyFault(frame, "too many transactions",
                           "This connection has as many open transactions as it may have.");
    case Transactions::Error::TooLarge:
        return policyFault(frame, "transaction too large",
                           "The open transactions of this connection hold as much as they may.");
    }
    Q_UNREACHABLE();
}

} // namespace

// Frames in

void StompConnection::handle(const stomp::ParseError &error)
{
    fail(brokenFrame(error));
}

void StompConnection::handle(const stomp::Frame &frame)
{
    const std::string &command = frame.command;
    if (m_state == State::AwaitingConnect) {
        if (command == "CONNECT" || command == "STOMP")
            connect(frame);
        else
            fail(protocolFault(frame, "not connected", "The first frame must be CONNECT or STOMP."));
    } else if (command == "SEND") {
        send(frame);
    } else if (command == "SUBSCRIBE") {
        subscribe(frame);
    } else if (command == "UNSUBSCRIBE") {
        unsubscribe(frame);
    } else if (command == "ACK" || command == "NACK") {
        acknowledge(frame);
    } else if (command == "BEGIN") {
        begin(frame);
    } else if (command == "COMMIT") {
        commit(frame);
    } else if (command == "ABORT") {
        abort(frame);
    } else if (command == "DISCONNECT") {
        disconnect(frame);
    } else {
        fail(unservedCommand(frame));
    }
}

void StompConnection::send(const stomp::Frame &frame)
{
    if (auto target = targetOf(frame, principal()); !target)
        fail(target.error());
    else if (const std::string *transaction = frame.find("transaction"))
        join(frame, *transaction, frame);
    else
        relay(frame, std::move(*target), nullptr);
}

/// A SEND whose destination is good.
void StompConnection::relay(const stomp::Frame &frame, SendTarget target, std::shared_ptr<Commit> commit)
{
    PendingSend pending{valueOf(frame, "receipt"), QByteArray::fromStdString(*frame.find("destination")),
                        std::move(commit)};
    // The user first: one that runs wild does not use up what others behind its address may send.
    auto refused = m_with.limits.exchangeBy(m_user, m_now);
    if (!refused)
        refused = m_with.limits.exchangeFrom(m_address, m_now);
    if (refused) {
        tellUndeliverable(pending, *refused);
        return;
    }
    const Principal sender = principal();
    if (pending.commit)
        ++pending.commit->left;
    ++m_sendsInFlight;
    auto done = [self = m_self, pending = std::move(pending),
                 &ioThread = m_with.ioThread](const std::optional<Problem> &problem) {
        ioThread.run([self, pending, problem] {
            if (*self)
                (*self)->relayed(pending, problem);
        });
    };

    if (const auto *shared = std::get_if<DestinationName>(&target)) {
        auto message = std::make_shared<Message>();
        message->id = m_with.exchange.nextMessageId();
        message->from = sender.name;
        message->body = QByteArray(frame.body.data(), qsizetype(frame.body.size()));
        message->headers = travellingHeaders(frame, false);
        if (const std::string *type = frame.find("content-type"))
            message->headers.insert(message->headers.begin(),
                                    {"content-type", QByteArray::fromStdString(*type)});
        message->acceptedAt = m_now;
        if (shared->kind == DestinationName::Kind::Topic)
            message->tail = std::make_shared<Message::Tail>();
        m_with.destinations.publish(*shared, std::move(message), expirationOf(frame),
                                    [done = std::move(done)](const PublishResult &result) {
                                        done(result.state == PublishResult::State::Refused ? std::optional(
                                                 Problem{ProblemCause::QueueFull, "The queue is full.", 1})
                                                                                           : std::nullopt);
                                    });
        return;
    }
    auto content = contentOf(frame, m_settings.jsonDepth);
    if (!content) {
        done(content.error());
        return;
    }
    ExchangeRequest request{sender.name,         std::get<UserId>(std::move(target)),
                            std::move(*content), travellingHeaders(frame, true),
                            sender.key,          "stomp"};
    if (const auto read = readWishes(frame, request); !read) {
        done(read.error());
        return;
    }
    m_with.exchange.relay(std::move(request), Broker::Tell::Acceptance,
                          [done = std::move(done)](const tl::expected<ExchangeReceipt, Problem> &result) {
                              done(result ? std::nullopt : std::optional(result.error()));
                          });
}

void StompConnection::subscribe(const stomp::Frame &frame)
{
    auto subscription = parseSubscribe(frame, m_version, principal());
    if (!subscription) {
        fail(subscription.error());
        return;
    }
    const bool isShared = subscription->shared.has_value();
    const bool isWatched = subscription->watched.has_value();
    if (isWatched && (!m_with.presence || !m_with.presence->isEnabled())) {
        fail(destinationRefused(frame));
        return;
    }
    if (const auto error = m_subscriptions.add(std::move(*subscription))) {
        if (*error == Subscriptions::AddError::TooMany)
            countRefusal("subscriptions");
        else if (*error == Subscriptions::AddError::TooManyWatched)
            countRefusal("presence_watches");
        fail(notAdded(frame, *error));
        return;
    }
    if (isShared) {
        subscribeShared(frame);
        return;
    }
    if (isWatched) {
        watch(frame);
        return;
    }
    const auto receiptId = valueOf(frame, "receipt");
    if (m_queue == Queue::Subscribed) {
        writeReceipt(receiptId);
        return;
    }

    m_queue = Queue::Subscribing;
    m_with.broker.subscribe(m_session->key, m_connection.id(),
                            [self = m_self, receiptId, &ioThread = m_with.ioThread](bool success) {
                                ioThread.run([self, receiptId, success] {
                                    if (*self)
                                        (*self)->subscribed(success, receiptId);
                                });
                            });
}

void StompConnection::subscribeShared(const stomp::Frame &frame)
{
    const auto arguments = parseQueueArguments(frame);
    if (!arguments) {
        fail(arguments.error());
        return;
    }
    const Subscription &subscription = m_subscriptions.all().back();
    ++m_sharedSubscribing;
    m_with.destinations.subscribe(*subscription.shared, {m_connection.id(), subscription.serial}, *arguments,
                                  subscription.acknowledges(), subscription.prefetch,
                                  [self = m_self, serial = subscription.serial,
                                   receiptId = valueOf(frame, "receipt"),
                                   &ioThread = m_with.ioThread](Destinations::SubscribeResult result) {
                                      ioThread.run([self, serial, receiptId, result] {
                                          if (*self)
                                              (*self)->subscribedShared(serial, result, receiptId);
                                      });
                                  });
}

void StompConnection::watch(const stomp::Frame &frame)
{
    const Subscription &subscription = m_subscriptions.all().back();
    const UserId &user = *subscription.watched;
    const PresenceFact fact = m_with.presence->watch(user, {m_connection.id(), subscription.serial});
    writeReceipt(valueOf(frame, "receipt"));
    tellPresence(subscription, user, fact);
}

void StompConnection::unsubscribe(const stomp::Frame &frame)
{
    const auto request = parseUnsubscribe(frame, m_version);
    if (!request) {
        fail(request.error());
        return;
    }
    auto removed = request->id ? m_subscriptions.removeById(*request->id)
                               : m_subscriptions.removeByDestination(request->destination);
    if (!removed) {
        fail(protocolFault(frame, "no such subscription", "This connection has no such subscription."));
        return;
    }
    if (removed->shared) {
        m_with.destinations.unsubscribe(*removed->shared, {m_connection.id(), removed->serial});
    } else if (removed->watched) {
        m_with.presence->unwatch(*removed->watched, {m_connection.id(), removed->serial});
    } else if (!m_subscriptions.hasOwn()) {
        m_outbox.shut();
        m_queue = Queue::None;
        m_with.broker.unsubscribe(m_session->key, m_connection.id());
    } else {
        // The other subscriptions get what this one did not acknowledge.
        settle({removed->serial, {}, removed->unacknowledged.takeAll(), Verdict::Return});
    }
    writeReceipt(valueOf(frame, "receipt"));
    deliver();
}

void StompConnection::acknowledge(const stomp::Frame &frame)
{
    const auto request = AckRequest::parse(frame, m_version);
    if (!request) {
        fail(request.error());
        return;
    }
    const std::string *const transaction = frame.find("transaction");
    if (transaction && !m_transactions.contains(*transaction)) {
        fail(noTransaction(frame, Transactions::Error::Unknown));
        return;
    }
    auto acknowledgement = m_subscriptions.acknowledge(*request);
    if (!acknowledgement) {
        fail(protocolFault(frame, "no such message",
                           "No subscription of this connection waits for this acknowledgement."));
        return;
    }
    if (transaction) {
        // From here on the messages belong to the transaction: nobody can acknowledge them twice.
        m_subscriptions.find(acknowledgement->subscription)->inTransactions
            += acknowledgement->messages.size();
        join(frame, *transaction, TransactedAck{std::move(*acknowledgement), valueOf(frame, "receipt")});
        return;
    }
    settle(*acknowledgement);
    writeReceipt(valueOf(frame, "receipt"));
    deliver();
}

void StompConnection::settle(const Acknowledgement &acknowledgement)
{
    std::vector<DeliveryTag> tags;
    tags.reserve(acknowledgement.messages.size());
    for (const UnacknowledgedMessage &message : acknowledgement.messages)
        tags.push_back(message.tag);
    if (acknowledgement.shared)
        m_with.destinations.acknowledge(*acknowledgement.shared,
                                        {m_connection.id(), acknowledgement.subscription}, tags,
                                        acknowledgement.verdict);
    else if (!tags.empty() && m_session)
        m_with.broker.acknowledge(m_session->key, m_connection.id(), tags, acknowledgement.verdict);
}

// Transactions

void StompConnection::begin(const stomp::Frame &frame)
{
    const std::string *const name = frame.find("transaction");
    if (!name) {
        fail(headerMissing(frame, "transaction"));
        return;
    }
    if (const auto error = m_transactions.begin(*name)) {
        if (*error == Transactions::Error::TooMany)
            countRefusal("transactions");
        fail(noTransaction(frame, *error));
        return;
    }
    writeReceipt(valueOf(frame, "receipt"));
}

void StompConnection::join(const stomp::Frame &frame, const std::string &transaction, TransactedFrame part)
{
    if (const auto error = m_transactions.add(transaction, std::move(part))) {
        if (*error == Transactions::Error::TooLarge)
            countRefusal("transaction_bytes");
        fail(noTransaction(frame, *error));
    }
}

std::optional<std::vector<TransactedFrame>> StompConnection::endTransaction(const stomp::Frame &frame)
{
    const std::string *const name = frame.find("transaction");
    auto frames = name ? m_transactions.end(*name) : std::nullopt;
    if (!frames) {
        fail(name ? noTransaction(frame, Transactions::Error::Unknown) : headerMissing(frame, "transaction"));
        return std::nullopt;
    }
    for (const TransactedFrame &part : *frames) {
        if (const auto *ack = std::get_if<TransactedAck>(&part)) {
            if (Subscription *subscription = m_subscriptions.find(ack->acknowledgement.subscription))
                subscription->inTransactions -= ack->acknowledgement.messages.size();
        }
    }
    return frames;
}

void StompConnection::commit(const stomp::Frame &frame)
{
    auto frames = endTransaction(frame);
    if (!frames)
        return;
    const auto commit = std::make_shared<Commit>(Commit{1, valueOf(frame, "receipt")});
    for (const TransactedFrame &part : *frames) {
        if (m_state != State::Connected)
            return; // a message was undeliverable and there was no place to say so
        if (const auto *ack = std::get_if<TransactedAck>(&part)) {
            settle(ack->acknowledgement);
            writeReceipt(ack->receiptId);
        } else {
            const auto &send = std::get<stomp::Frame>(part);
            relay(send, *targetOf(send, principal()), commit);
        }
    }
    finishPart(commit);
    deliver();
}

void StompConnection::abort(const stomp::Frame &frame)
{
    auto frames = endTransaction(frame);
    if (!frames)
        return;
    for (TransactedFrame &part : *frames) {
        auto *const ack = std::get_if<TransactedAck>(&part);
        if (!ack)
            continue;
        Acknowledgement &acknowledgement = ack->acknowledgement;
        if (Subscription *subscription = m_subscriptions.find(acknowledgement.subscription)) {
            subscription->unacknowledged.putBack(std::move(acknowledgement.messages));
        } else {
            acknowledgement.verdict = Verdict::Return;
            settle(acknowledgement);
        }
    }
    writeReceipt(valueOf(frame, "receipt"));
    deliver();
}

/// The last part of a transaction to be processed answers the COMMIT.
void StompConnection::finishPart(const std::shared_ptr<Commit> &commit)
{
    if (commit && --commit->left == 0 && (m_state == State::Connected || m_state == State::Disconnecting))
        writeReceipt(commit->receiptId);
}

void StompConnection::disconnect(const stomp::Frame &frame)
{
    m_state = State::Disconnecting;
    m_finished = true;
    m_outbox.shut();
    m_disconnectReceipt = valueOf(frame, "receipt");
    m_deadline = m_now + m_settings.disconnectTimeout;
    if (m_sendsInFlight == 0)
        finishDisconnect();
}

} // namespace msgsrv
