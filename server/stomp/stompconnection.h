// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"
#include "server/broker/destinations.h"
#include "server/net/connection.h"
#include "server/net/requestlimits.h"
#include "server/session/presence.h"
#include "server/session/sessions.h"
#include "server/stomp/connectrequest.h"
#include "server/stomp/fault.h"
#include "server/stomp/heartbeat.h"
#include "server/stomp/outbox.h"
#include "server/stomp/passcodechecks.h"
#include "server/stomp/principal.h"
#include "server/stomp/sendrequest.h"
#include "server/stomp/settings.h"
#include "server/stomp/subscriptions.h"
#include "server/stomp/transactions.h"
#include "shared/base/executor.h"
#include "shared/stomp/parser.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace msgsrv {

class Exchange;

/// STOMP 1.0, 1.1 and 1.2 on one connection, as a server: docs/stomp.md says what a client sees. A transport
/// message may hold several frames or a part of one; what is sent is one whole frame a message.
///
/// Lives in the I/O thread of its connection, which owns everything in it. Answers of the session service,
/// the exchange and the broker come from any thread and are posted to that thread's executor; those that come
/// after the connection has gone are dropped, or undone where they granted something.
class StompConnection final : public ConnectionHandler
{
public:
    /// What the connection works with. All of it is borrowed and lives as long as any thread may run a task.
    struct Collaborators
    {
        Sessions &sessions;
        Exchange &exchange;
        Broker &broker;
        Destinations &destinations;
        Executor &ioThread; ///< of the connection's own thread
        Metrics &metrics;
        RequestLimits &limits;
        PasscodeChecks &passcodes;
        Presence *presence = nullptr; ///< null, or off: nobody is told who is there
    };

    /// @p connection outlives this object.
    StompConnection(Connection &connection, const Collaborators &collaborators,
                    const StompSettings &settings);
    ~StompConnection() override;

    void onMessage(std::string_view bytes, bool isText, TimePoint now) override;
    void onActivity(TimePoint now) override;
    void onWritable() override;
    void onClosed(bool clean) override;
    void onTick(TimePoint now) override;
    void describe(ConnectionFacts &facts) const override;
    void onMessagesReady(const ListeningKey &queue) override;
    void onCloseRequested(quint16 code, const QByteArray &reason) override;
    void onProbe(std::function<void(bool alive)> done, TimePoint now) override;
    void onDraining(milliseconds reconnectAfter, TimePoint now) override;

private:
    enum class State {
        AwaitingConnect,
        Attaching, ///< CONNECT came, the session service or the passcode check has not answered
        Refusing, ///< the credentials were wrong, the client is told later; what it sends is not read
        Connected,
        Disconnecting, ///< DISCONNECT came, SENDs are under way
        Closing, ///< the close handshake has begun
        Closed,
    };
    enum class Queue {
        None,
        Subscribing, ///< the broker has not answered
        Subscribed,
    };
    /// A COMMIT whose SENDs are under way.
    struct Commit
    {
        int left = 0; ///< SENDs that are not answered
        std::optional<std::string> receiptId;
    };
    /// What must be remembered of a SEND until the exchange has answered.
    struct PendingSend
    {
        std::optional<std::string> receiptId;
        QByteArray destination; ///< as the client wrote it
        std::shared_ptr<Commit> commit{}; ///< that it is part of
    };

    // Bytes in
    void note(TimePoint now);
    [[nodiscard]] bool isReading() const;
    [[nodiscard]] bool isWaiting() const;
    [[nodiscard]] Principal principal() const;
    void read(std::string_view bytes);
    void keep(std::string_view bytes);
    void resume();

    // Frames in
    void handle(const stomp::FrameParser::NeedMore &) { }
    void handle(const stomp::FrameParser::HeartBeat &) { }
    void handle(const stomp::ParseError &error);
    void handle(const stomp::Frame &frame);
    void connect(const stomp::Frame &frame);
    void connectAccount(const Account &account, const ConnectRequest &request);
    void send(const stomp::Frame &frame);
    void subscribe(const stomp::Frame &frame);
    void subscribeShared(const stomp::Frame &frame);
    void watch(const stomp::Frame &frame);
    void unsubscribe(const stomp::Frame &frame);
    void acknowledge(const stomp::Frame &frame);
    void begin(const stomp::Frame &frame);
    void commit(const stomp::Frame &frame);
    void abort(const stomp::Frame &frame);
    void disconnect(const stomp::Frame &frame);
    void relay(const stomp::Frame &frame, SendTarget target, std::shared_ptr<Commit> commit);
    void settle(const Acknowledgement &acknowledgement);
    void join(const stomp::Frame &frame, const std::string &transaction, TransactedFrame part);
    [[nodiscard]] std::optional<std::vector<TransactedFrame>> endTransaction(const stomp::Frame &frame);
    void finishPart(const std::shared_ptr<Commit> &commit);

    // Answers of others
    /// False when nobody wants the session any more: it must be given back.
    bool attached(const tl::expected<AttachedSession, AttachRefusal> &result, const QByteArray &login);
    void passcodeChecked(const Account &account, PasscodeChecks::Result result);
    void connected();
    void subscribedShared(std::uint64_t subscription, Destinations::SubscribeResult result,
                          const std::optional<std::string> &receiptId);
    void subscribed(bool success, const std::optional<std::string> &receiptId);
    void relayed(const PendingSend &pending, const std::optional<Problem> &problem);

    // Frames out
    void write(std::string_view frame);
    void writeReceipt(const std::optional<std::string> &receiptId);
    void tellUndeliverable(const PendingSend &pending, const Problem &problem);
    void tellPresence(const Subscription &subscription, const UserId &user, const PresenceFact &fact);
    void deliver();
    void watchPeer(TimePoint now);
    void watchProbe(TimePoint now);
    void answerProbes(bool alive);

    // The end
    void refuseCredentials(const QByteArray &login, const char *detail);
    void tellRefusal();
    void countRefusal(const char *limit);
    void finishDisconnect();
    void fail(const Fault &fault);
    void close(CloseCode code, const QByteArray &reason);
    void release();

    Connection &m_connection;
    const Collaborators m_with;
    const StompSettings &m_settings;
    /// Points to this object while it lives; tasks under way share it. Read and written in the I/O thread.
    const std::shared_ptr<StompConnection *> m_self;

    State m_state = State::AwaitingConnect;
    Queue m_queue = Queue::None;
    stomp::FrameParser m_parser;
    stomp::Version m_version = stomp::Version::V10; ///< the receiver's, from CONNECT on
    std::string m_kept; ///< what came while isWaiting()
    HeartBeat m_heartBeat;
    std::optional<HeartBeatWish> m_wish; ///< of the CONNECT that is being attached
    std::optional<AttachedSession> m_session; ///< until it is given back
    const Account *m_account = nullptr; ///< set, and no session, when an account is connected
    bool m_finished = false; ///< DISCONNECT came: the end is no break
    bool m_released = false; ///< shared subscriptions are given back
    int m_sharedSubscribing = 0; ///< subscriptions that the broker has not answered
    Subscriptions m_subscriptions;
    Transactions m_transactions;
    Outbox m_outbox;
    int m_sendsInFlight = 0;
    std::uint64_t m_events = 0; ///< told so far, for their message-ids
    std::optional<std::string> m_disconnectReceipt;
    TimePoint m_now; ///< of the last call that told it
    std::optional<TimePoint> m_deadline; ///< of the login or its refusal, then of Disconnecting
    const BucketKey m_address; ///< of the client
    BucketKey m_user; ///< of the session, once attached
    /// Who waits for a sign of life, and until when.
    std::vector<std::function<void(bool)>> m_probes;
    TimePoint m_probeDeadline;
    bool m_probeByBytes = false; ///< the sign is that the peer's kernel confirms what was written
    const char *m_refusal = nullptr; ///< what is told when Refusing ends
};

} // namespace msgsrv
