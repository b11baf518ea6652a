// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"
#include "server/session/sessions.h"
#include "shared/base/executor.h"

#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace msgsrv {

/// An executor whose thread the test plays: it is current, or what is posted waits for runAll().
class ManualExecutor final : public Executor
{
public:
    void post(std::function<void()> task) override { m_tasks.push_back(std::move(task)); }
    [[nodiscard]] bool isCurrent() const override { return current; }

    /// Runs what was posted, as the executor's own thread. Returns how many tasks there were.
    int runAll()
    {
        const bool before = std::exchange(current, true);
        int count = 0;
        while (!m_tasks.empty()) {
            for (auto &task : std::exchange(m_tasks, {})) {
                task();
                ++count;
            }
        }
        current = before;
        return count;
    }

    bool current = true;

private:
    std::vector<std::function<void()>> m_tasks;
};

/// Sessions that answer what the test says, when it says.
class FakeSessions final : public Sessions
{
public:
    void open(const OpenRequest &request,
              std::function<void(tl::expected<OpenedSession, Problem>)> done) override
    {
        opened.emplace_back(request.userId.bytes(), request.address);
        openedWith = request.key;
        finish([this, userId = request.userId, done = std::move(done)] {
            if (problem)
                done(tl::unexpected(*problem));
            else
                done(OpenedSession{userId, nextKey, Generation(1)});
        });
    }

    void end(const ListeningKey &key, std::function<void(tl::expected<void, Problem>)> done) override
    {
        ended.push_back(key.secret());
        finish([this, done = std::move(done)] {
            if (problem)
                done(tl::unexpected(*problem));
            else
                done({});
        });
    }

    void attach(const AttachRequest &,
                std::function<void(tl::expected<AttachedSession, AttachRefusal>)> done) override
    {
        done(tl::unexpected(AttachRefusal::BadCredentials));
    }

    void connectionClosed(const ListeningKey &, ConnectionId, ConnectionEnd) override { }

    void releaseHeld()
    {
        for (auto &finishOne : std::exchange(m_held, {}))
            finishOne();
    }

    std::vector<std::pair<QByteArray, QByteArray>> opened; ///< userId, address
    ListeningKey openedWith; ///< the key that the latest presented
    std::vector<QByteArray> ended; ///< keys
    ListeningKey nextKey = ListeningKey::generate();
    std::optional<Problem> problem;
    bool hold = false;

private:
    void finish(std::function<void()> finishOne)
    {
        if (hold)
            m_held.push_back(std::move(finishOne));
        else
            finishOne();
    }

    std::vector<std::function<void()>> m_held;
};

/// A broker that takes every message and says of it what the test says.
class FakeBroker final : public Broker
{
public:
    struct Published
    {
        QByteArray queue;
        MessagePtr message;
        Tell tell;
    };

    void reserve(const ListeningKey &) override { }
    void subscribe(const ListeningKey &, ConnectionId, SubscribeDone done) override { done(true); }
    void unsubscribe(const ListeningKey &, ConnectionId) override { }
    void detach(const ListeningKey &, ConnectionId) override { }
    void remove(const ListeningKey &, DropReason) override { }
    void publish(const ListeningKey &queue, MessagePtr message, Tell tell, PublishDone done) override
    {
        published.push_back({queue.secret(), std::move(message), tell});
        done(result);
    }
    std::vector<Delivery> take(const ListeningKey &, ConnectionId, int, qsizetype) override { return {}; }
    void hold(const ListeningKey &, ConnectionId, int, int) override { }
    void acknowledge(const ListeningKey &, ConnectionId, const std::vector<DeliveryTag> &, Verdict) override
    { }
    void settle(const ListeningKey &, ConnectionId, int, int, DropReason) override { }
    void inspect(InspectDone done) override { done({}); }
    [[nodiscard]] BrokerCounts counts() const override { return {}; }

    std::vector<Published> published;
    PublishResult result{PublishResult::State::Written, PublishRefusal::None};
};

} // namespace msgsrv
