// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/bench/channel.h"

#include <memory>
#include <string>
#include <string_view>

namespace msgsrv::bench {

class User;

/// What happens to users. Calls come from within Loop::turn().
class UserObserver
{
public:
    virtual ~UserObserver() = default;
    virtual void onReady(User &user) = 0;
    /// A relayed message; @p body is what stands after the STOMP head.
    virtual void onMessage(User &user, std::string_view body) = 0;
    /// A message of the topic that subscribeToTopic() subscribed to.
    virtual void onTopicMessage(User &user) = 0;
    /// The answer to User::post() came, and it was a success.
    virtual void onPosted(User &user) = 0;
};

/// The server under test.
struct Target
{
    enum class Protocol {
        Stomp, ///< messaging-server
        Floor, ///< bench-floor
    };
    Protocol protocol = Protocol::Stomp;
    sockaddr_in http = {};
    sockaddr_in stomp = {};
    std::string run; ///< makes user ids differ from run to run
    std::string ack = "auto"; ///< of the users' subscriptions; else each message is acknowledged
};

/// One simulated user: POST /connect on a connection of its own, WebSocket upgrade, CONNECT, SUBSCRIBE with
/// receipt. Anything unexpected ends the program.
class User
{
public:
    /// For bench-floor: what the user's WebSocket is for.
    enum class Role { Idle, Sender, Receiver };

    /// Pairs are numbered; @p pair is ignored for idle users.
    User(Loop &loop, const Target &target, UserObserver &observer, int index, Role role, int pair);
    ~User();

    void open();

    /// SEND over the WebSocket to the user's receiver.
    void send(const User &receiver, std::string_view content);
    /// POST /exchange over a kept-alive connection of its own. One at a time.
    void post(const User &receiver, std::string_view content);
    /// SUBSCRIBE to the benchmark's topic; onReady() comes again when it is done. SEND to it.
    void subscribeToTopic();
    void sendToTopic(std::string_view content);

    [[nodiscard]] int pair() const { return m_pair; }

private:
    class Http;
    class WebSocket;

    void onConnectAnswer(int status, std::string_view body);
    void onUpgraded();
    void onFrame(std::string_view payload);
    void onMessageFrame(std::string_view payload);
    void sendFrame(std::string frame);
    void sendTo(std::string_view destination, std::string_view content);
    void ready();
    [[noreturn]] void failed(std::string_view what) const;

    Loop &m_loop;
    const Target &m_target;
    UserObserver &m_observer;
    const int m_index;
    const Role m_role;
    const int m_pair;
    bool m_isReady = false;
    std::string m_key;
    std::unique_ptr<Http> m_http;
    std::unique_ptr<WebSocket> m_webSocket;

    [[nodiscard]] std::string name() const;
};

} // namespace msgsrv::bench
