// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a StompConnection works with in its fuzz target: each stops the program when the connection breaks
// what the interface asks of it.
#pragma once

#include "server/broker/broker.h"
#include "server/net/connection.h"
#include "server/session/sessions.h"
#include "shared/base/executor.h"
#include "shared/stomp/parser.h"

#include <cstdlib>
#include <deque>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace msgsrv::fuzz {

inline void require(bool holds)
{
    if (!holds)
        std::abort();
}

/// A transport that reads every frame as its receiver would.
class CheckingConnection final : public Connection
{
public:
    [[nodiscard]] ConnectionId id() const override { return makeConnectionId(0, 7); }
    [[nodiscard]] QHostAddress peer() const override { return QHostAddress(QHostAddress::LocalHost); }
    [[nodiscard]] bool secure() const override { return false; }
    [[nodiscard]] QByteArray subprotocol() const override { return {}; }
    [[nodiscard]] qint64 bytesQueued() const override { return backedUp ? 1 : 0; }
    SendResult send(std::string_view bytes) override
    {
        if (closing || broken)
            return SendResult::Dropped;
        check(bytes);
        return backedUp ? SendResult::Queued : SendResult::Sent;
    }
    bool ping() override
    {
        require(!closing);
        return true;
    }
    void close(quint16 code, const QByteArray &reason) override
    {
        require(!closing && code >= 1000 && reason.size() <= 123);
        closing = true;
        said.push_back("close " + std::to_string(code));
    }
    void abort() override { closing = true; }
    void setMessageLimit(qint64 bytes) override { require(bytes > 0); }

    bool closing = false;
    bool broken = false; ///< takes nothing, although it has not been closed
    bool backedUp = false;
    /// What a client saw, without what differs from run to run.
    std::vector<std::string> said;

private:
    /// One whole frame and nothing else, or a heart-beat.
    void check(std::string_view bytes)
    {
        if (bytes == "\n")
            return;
        require(!m_failed); // nothing behind an ERROR
        stomp::FrameParser parser;
        parser.setVersion(m_version);
        std::string_view rest = bytes;
        const auto event = parser.next(rest);
        const auto *frame = std::get_if<stomp::Frame>(&event);
        if (!frame && !m_connected) { // an ERROR in a version that it does not tell
            require(bytes.starts_with("ERROR\n") && bytes.back() == '\0');
            m_failed = true;
            said.emplace_back("ERROR");
            return;
        }
        require(frame && rest.empty());
        m_failed = frame->command == "ERROR";
        if (frame->command == "CONNECTED") {
            require(!m_connected);
            m_connected = true;
            const std::string *version = frame->find("version");
            require(version && frame->find("heart-beat") && frame->find("session") && frame->find("server"));
            m_version = *version == "1.2" ? stomp::Version::V12
                : *version == "1.1"       ? stomp::Version::V11
                                          : stomp::Version::V10;
        } else {
            require(m_connected || m_failed);
        }
        std::string line = frame->command;
        for (const char *name :
             {"message", "receipt-id", "destination", "subscription", "ack", "redelivered"}) {
            if (const std::string *value = frame->find(name))
                line += std::string(1, ' ') + name + ':' + *value;
        }
        said.push_back(std::move(line));
    }

    stomp::Version m_version = stomp::Version::V12;
    bool m_connected = false;
    bool m_failed = false;
};

/// Answers when told to, or at once.
template <typename Done>
class Pending
{
public:
    bool atOnce = true;

    template <typename Answer>
    void add(Done done, Answer answer)
    {
        m_waiting.push_back(std::move(done));
        if (atOnce)
            settle(std::move(answer));
    }
    template <typename Answer>
    void settle(Answer answer)
    {
        if (m_waiting.empty())
            return;
        const Done done = std::move(m_waiting.front());
        m_waiting.pop_front();
        answer(done);
    }
    void clear() { m_waiting.clear(); }

private:
    std::deque<Done> m_waiting;
};

/// Knows the session that it is given; what it granted must be given back exactly once.
class CheckingSessions final : public Sessions
{
public:
    using AttachDone = std::function<void(tl::expected<AttachedSession, AttachRefusal>)>;

    void open(const OpenRequest &, std::function<void(tl::expected<OpenedSession, Problem>)>) override
    {
        std::abort();
    }
    void end(const ListeningKey &, std::function<void(tl::expected<void, Problem>)>) override
    {
        std::abort();
    }
    void attach(const AttachRequest &request, AttachDone done) override
    {
        const bool right = request.login == session.userId.bytes() && request.passcode == session.key;
        attached.add(
            [this, right, done = std::move(done)] {
                granted += right ? 1 : 0;
                done(right ? tl::expected<AttachedSession, AttachRefusal>(session)
                           : tl::unexpected(AttachRefusal::BadCredentials));
            },
            call);
    }
    void connectionClosed(const ListeningKey &key, ConnectionId, ConnectionEnd) override
    {
        require(key == session.key && granted == 1);
        --granted;
    }
    void answer() { attached.settle(call); }

    AttachedSession session;
    Pending<std::function<void()>> attached;
    int granted = 0;

private:
    static void call(const std::function<void()> &done) { done(); }
};

/// One queue. What is taken must be settled or held at once, and what is acknowledged must be held.
class CheckingBroker final : public Broker
{
public:
    void reserve(const ListeningKey &) override { std::abort(); }
    void remove(const ListeningKey &, DropReason) override { std::abort(); }
    void inspect(InspectDone) override { }
    [[nodiscard]] BrokerCounts counts() const override { return {}; }

    void subscribe(const ListeningKey &, ConnectionId, SubscribeDone done) override
    {
        require(!subscribed);
        subscribed = true;
        subscribes.add(std::move(done), [](const SubscribeDone &answer) { answer(true); });
    }
    void unsubscribe(const ListeningKey &, ConnectionId) override { leave(); }
    void detach(const ListeningKey &, ConnectionId) override { leave(); }
    void publish(const ListeningKey &, MessagePtr message, Tell, PublishDone done) override
    {
        if (message->from.bytes() == "alice" && waiting.size() < 8)
            waiting.push_back(std::move(message)); // to herself, or as good as that
        publishes.add(std::move(done), [](const PublishDone &answer) {
            answer({PublishResult::State::Queued, PublishRefusal::None});
        });
    }
    std::vector<Delivery> take(const ListeningKey &, ConnectionId, int maxMessages, qsizetype) override
    {
        require(subscribed && maxMessages >= 0 && m_taken.empty());
        std::vector<Delivery> batch;
        while (!waiting.empty() && int(batch.size()) < maxMessages) {
            batch.push_back({waiting.front(), ++m_tags, false});
            m_taken.push_back(m_tags);
            waiting.pop_front();
        }
        return batch;
    }
    void settle(const ListeningKey &, ConnectionId, int written, int dropped, DropReason) override
    {
        require(written >= 0 && dropped >= 0 && std::size_t(written + dropped) == m_taken.size());
        m_taken.clear();
    }
    void hold(const ListeningKey &, ConnectionId, int written, int returned) override
    {
        require(written >= 0 && returned >= 0 && std::size_t(written + returned) == m_taken.size());
        if (subscribed)
            m_held.insert(m_taken.begin(), m_taken.begin() + written);
        m_taken.clear();
    }
    void acknowledge(const ListeningKey &, ConnectionId, const std::vector<DeliveryTag> &tags,
                     Verdict) override
    {
        require(subscribed);
        for (const DeliveryTag tag : tags)
            require(tag == 0 || m_held.erase(tag) == 1); // 0: an event, which is no message of the queue
    }

    Pending<SubscribeDone> subscribes;
    Pending<PublishDone> publishes;
    std::deque<MessagePtr> waiting;
    bool subscribed = false;
    [[nodiscard]] bool isSettled() const { return m_taken.empty() && !subscribed; }

private:
    void leave()
    {
        require(subscribed);
        subscribed = false;
        m_held.clear();
    }

    DeliveryTag m_tags = 0;
    std::vector<DeliveryTag> m_taken;
    std::set<DeliveryTag> m_held;
};

/// The connection's thread; with `posts` the others answer from elsewhere.
class QueueExecutor final : public Executor
{
public:
    void post(std::function<void()> task) override { m_tasks.push_back(std::move(task)); }
    [[nodiscard]] bool isCurrent() const override { return !posts; }
    void runAll()
    {
        for (; !m_tasks.empty(); m_tasks.pop_front())
            std::exchange(m_tasks.front(), {})();
    }

    bool posts = false;

private:
    std::deque<std::function<void()>> m_tasks;
};

} // namespace msgsrv::fuzz
