// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/embeddeddestinations.h"
#include "server/metrics/metrics.h"
#include "server/session/exchange.h"
#include "server/stomp/stompconnection.h"

#include <QByteArrayList>

#include <deque>
#include <utility>

namespace msgsrv {

/// A connection that remembers what was asked of it. Frames are shown with "^@" for NUL.
class FakeConnection final : public Connection
{
public:
    [[nodiscard]] ConnectionId id() const override { return makeConnectionId(0, 7); }
    [[nodiscard]] QHostAddress peer() const override { return QHostAddress(QStringLiteral("192.0.2.1")); }
    [[nodiscard]] bool secure() const override { return false; }
    [[nodiscard]] QByteArray subprotocol() const override { return "v12.stomp"; }
    [[nodiscard]] qint64 bytesQueued() const override { return queued; }

    SendResult send(std::string_view bytes) override
    {
        if (closeCode != 0)
            return SendResult::Dropped;
        const SendResult result = results.empty() ? SendResult::Sent : results.front();
        if (!results.empty())
            results.pop_front();
        if (result != SendResult::Dropped)
            sent += QByteArray(bytes.data(), qsizetype(bytes.size())).replace('\0', "^@");
        return result;
    }
    bool ping() override
    {
        ++pings;
        return pongs;
    }
    [[nodiscard]] qint64 bytesUnconfirmed() const override { return unconfirmed; }
    bool pongs = true;
    qint64 unconfirmed = 0;
    void close(quint16 code, const QByteArray &reason) override
    {
        closeCode = code;
        closeReason = reason;
        ++closes;
    }
    void abort() override { }
    void setMessageLimit(qint64 bytes) override { messageLimit = bytes; }

    QByteArrayList sent;
    std::deque<SendResult> results; ///< of the next sends; Sent when there are none
    qint64 queued = 0;
    qint64 messageLimit = -1;
    int pings = 0;
    quint16 closeCode = 0;
    QByteArray closeReason;
    int closes = 0;
};

/// The connection's own thread is the test's, unless the test plays another one.
class FakeIoThread final : public Executor
{
public:
    void post(std::function<void()> task) override { m_tasks.push_back(std::move(task)); }
    [[nodiscard]] bool isCurrent() const override { return !elsewhere; }

    void runAll()
    {
        while (!m_tasks.empty()) {
            const auto task = std::move(m_tasks.front());
            m_tasks.pop_front();
            task();
        }
    }
    [[nodiscard]] bool isIdle() const { return m_tasks.empty(); }

    bool elsewhere = false; ///< the caller is in another thread

private:
    std::deque<std::function<void()>> m_tasks;
};

/// Knows one session. Answers when told to, or at once.
class FakeSessions final : public Sessions
{
public:
    using AttachDone = std::function<void(tl::expected<AttachedSession, AttachRefusal>)>;

    void open(const OpenRequest &, std::function<void(tl::expected<OpenedSession, Problem>)>) override { }
    void end(const ListeningKey &, std::function<void(tl::expected<void, Problem>)>) override { }
    void attach(const AttachRequest &request, AttachDone done) override
    {
        requests.push_back(request);
        m_pending.push_back({request, std::move(done)});
        if (atOnce)
            answer();
    }
    void connectionClosed(const ListeningKey &key, ConnectionId connection, ConnectionEnd how) override
    {
        closed.push_back({key, connection});
        ends.push_back(how);
        if (onClosed)
            onClosed();
    }

    /// Answers the oldest request.
    void answer()
    {
        const auto [request, done] = std::move(m_pending.front());
        m_pending.pop_front();
        if (request.login != session.userId.bytes() || !(request.passcode == session.key))
            done(tl::unexpected(AttachRefusal::BadCredentials));
        else if (draining)
            done(tl::unexpected(AttachRefusal::Draining));
        else
            done(session);
    }

    AttachedSession session;
    bool atOnce = true;
    bool draining = false;
    std::vector<AttachRequest> requests;
    std::vector<std::pair<ListeningKey, ConnectionId>> closed;
    std::vector<ConnectionEnd> ends; ///< how, of each in `closed`
    std::function<void()> onClosed;

private:
    std::deque<std::pair<AttachRequest, AttachDone>> m_pending;
};

/// One queue whose content is the test's. Publishing is answered when told to, or at once.
class FakeBroker final : public Broker
{
public:
    void reserve(const ListeningKey &) override { }
    void subscribe(const ListeningKey &queue, ConnectionId, SubscribeDone done) override
    {
        calls += "subscribe " + queue.secret();
        m_subscribes.push_back(std::move(done));
        if (subscribesAtOnce)
            answerSubscribe(true);
    }
    void unsubscribe(const ListeningKey &queue, ConnectionId) override
    {
        calls += "unsubscribe " + queue.secret();
        if (onUnsubscribe)
            onUnsubscribe();
    }
    void detach(const ListeningKey &queue, ConnectionId) override { calls += "detach " + queue.secret(); }
    void remove(const ListeningKey &, DropReason) override { }
    void publish(const ListeningKey &queue, MessagePtr message, Tell tell, PublishDone done) override
    {
        published.push_back(std::move(message));
        publishedTo = queue;
        publishedTell = tell;
        m_publishes.push_back(std::move(done));
        if (publishesAtOnce)
            answerPublish();
    }
    std::vector<Delivery> take(const ListeningKey &, ConnectionId, int maxMessages,
                               qsizetype maxBytes) override
    {
        std::vector<Delivery> batch;
        if (maxMessages == 0) {
            calls += "blocked";
            return batch;
        }
        qsizetype bytes = 0;
        while (!waiting.empty() && int(batch.size()) < maxMessages) {
            bytes += waiting.front()->weight();
            if (!batch.empty() && bytes > maxBytes)
                break;
            MessagePtr message = std::move(waiting.front());
            waiting.pop_front();
            const bool redelivered = message->id.endsWith('!');
            batch.push_back({std::move(message), ++tags, redelivered});
        }
        calls += "take " + QByteArray::number(int(batch.size()));
        return batch;
    }
    void settle(const ListeningKey &, ConnectionId, int written, int dropped, DropReason reason) override
    {
        calls += "settle " + QByteArray::number(written) + ' ' + QByteArray::number(dropped);
        if (dropped > 0)
            droppedAs = reason;
    }
    void hold(const ListeningKey &, ConnectionId, int written, int returned) override
    {
        calls += "hold " + QByteArray::number(written) + ' ' + QByteArray::number(returned);
    }
    void acknowledge(const ListeningKey &, ConnectionId, const std::vector<DeliveryTag> &settled,
                     Verdict verdict) override
    {
        static const char *const names[]{"accept", "return", "reject"};
        QByteArray call = names[int(verdict)];
        for (const DeliveryTag tag : settled)
            call += ' ' + QByteArray::number(quint64(tag));
        calls += call;
    }
    void inspect(InspectDone) override { }
    [[nodiscard]] BrokerCounts counts() const override { return {}; }

    void answerSubscribe(bool success)
    {
        const auto done = std::move(m_subscribes.front());
        m_subscribes.pop_front();
        done(success);
    }
    void answerPublish()
    {
        const auto done = std::move(m_publishes.front());
        m_publishes.pop_front();
        done(publishResult);
    }

    DeliveryTag tags = 0; ///< given out; a message whose id ends in "!" is redelivered
    bool subscribesAtOnce = true;
    bool publishesAtOnce = true;
    PublishResult publishResult{PublishResult::State::Queued, PublishRefusal::None};
    std::deque<MessagePtr> waiting;
    std::vector<MessagePtr> published;
    ListeningKey publishedTo;
    Tell publishedTell = Tell::Outcome;
    std::optional<DropReason> droppedAs;
    QByteArrayList calls;
    std::function<void()> onUnsubscribe;

private:
    std::deque<SubscribeDone> m_subscribes;
    std::deque<PublishDone> m_publishes;
};

/// Tells nobody: a test calls onMessagesReady() itself.
class SilentPort final : public DeliveryPort
{
public:
    void messagesReady(ConnectionId, const ListeningKey &) override { }
};

/// A StompConnection of alice's session, with everything around it faked. Bob has a session as well.
struct StompFixture
{
    static UserId user(std::string_view name) { return *UserId::parse(name); }
    static ListeningKey key(std::string_view secret) { return ListeningKey::fromPresented(secret); }

    explicit StompFixture(const std::function<void(StompSettings &)> &adjust = {},
                          std::string_view name = "alice", const RequestLimits::Settings &limitSettings = {})
        : limits(limitSettings, metrics)
    {
        if (adjust)
            adjust(settings);
        settings.server = "messaging-server/1";
        sessions.session = {user(name), key("queue.alice"), Generation(1)};
        directory.add({user(name), key("queue.alice"), Generation(1)});
        directory.add({user("bob"), key("queue.bob"), Generation(2)});
        stomp = std::make_unique<StompConnection>(connection,
                                                  StompConnection::Collaborators{sessions, exchange, broker,
                                                                                 destinations, ioThread,
                                                                                 metrics, limits},
                                                  settings);
    }

    /// "^@" stands for NUL.
    void receive(QByteArray bytes)
    {
        bytes.replace("^@", QByteArray(1, '\0'));
        receiveRaw(bytes);
    }
    void receiveRaw(const QByteArray &bytes)
    {
        stomp->onMessage({bytes.constData(), std::size_t(bytes.size())}, true, now);
    }
    void tick(milliseconds later)
    {
        now += later;
        stomp->onTick(now);
    }
    /// What was sent since the last call.
    QByteArrayList sent() { return std::exchange(connection.sent, {}); }

    void connect(const QByteArray &version = "1.2", const QByteArray &more = {})
    {
        receive("CONNECT\nlogin:" + sessions.session.userId.bytes()
                + "\npasscode:queue.alice\naccept-version:" + version + '\n' + more + "\n^@");
        sent();
    }
    void subscribe() { receive("SUBSCRIBE\nid:s\ndestination:/queue/queue.alice\n\n^@"); }

    MessagePtr message(const QByteArray &id, const QByteArray &from = "bob",
                       std::vector<std::pair<QByteArray, QByteArray>> headers = {},
                       const QByteArray &body = "{}")
    {
        auto message = std::make_shared<Message>();
        message->id = id;
        message->from = user(from.toStdString());
        message->body = body;
        message->headers = std::move(headers);
        return message;
    }

    [[nodiscard]] int strange(const char *kind) const
    {
        const QByteArray line = QByteArray("messaging_strange_behaviour_total{kind=\"") + kind + "\"} ";
        const QByteArray all = QByteArray::fromStdString(metrics.render());
        const auto at = all.indexOf(line);
        return at < 0 ? -1 : all.mid(at + line.size()).split('\n').first().toInt();
    }

    FakeConnection connection;
    FakeIoThread ioThread;
    FakeSessions sessions;
    FakeBroker broker;
    SilentPort port;
    EmbeddedDestinations destinations{{}, port};
    SessionDirectory directory;
    Exchange exchange{directory, broker, 1000};
    Metrics metrics;
    RequestLimits limits;
    StompSettings settings;
    TimePoint now{seconds(1000)};
    std::unique_ptr<StompConnection> stomp;
};

} // namespace msgsrv
