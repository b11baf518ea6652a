// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/flowtap.h"
#include "server/management/managementmetrics.h"
#include "server/management/methods.h"
#include "server/management/negotiations.h"
#include "shared/base/log.h"
#include "shared/management/filter.h"

#include <QHash>
#include <QObject>
#include <QRegularExpression>
#include <QTimer>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>

namespace msgsrv::management {

/// What streams to consoles: flow events and log lines. Each subscription gets as much as it has credit; what
/// it misses is counted and told before the next. While nobody subscribes, the data path and the log do
/// nothing for it.
class Feeds final : public QObject
{
    Q_OBJECT

public:
    struct Limits
    {
        int subscriptions = usual::subscriptions; ///< of one client
        int credit = usual::credit; ///< of one subscription
    };

    /// @p tap and @p metrics outlive this object.
    Feeds(FlowTap &tap, const Limits &limits, ManagementMetrics &metrics);
    ~Feeds() override;

    void addTo(Methods &methods);
    void forget(ManagementPeer *peer);
    /// True: negotiations() is kept up although nobody has a flow subscription.
    void setNegotiationsWanted(bool wanted);
    [[nodiscard]] Negotiations &negotiations() { return m_negotiations; }
    [[nodiscard]] bool isIdle() const { return m_feeds.empty(); }

    /// Fetches what has happened since; called by a timer while anybody watches.
    void poll();

private:
    struct Flow
    {
        Filter filter;
        bool payload = false;
    };
    struct Log
    {
        log::Level level = log::Level::Info;
        QRegularExpression pattern;
    };
    struct Gap
    {
        std::uint64_t from = 0;
        std::uint64_t to = 0;
        std::uint64_t dropped = 0;
        const char *why = "";
    };
    struct Feed
    {
        ManagementPeer *peer = nullptr;
        int number = 0;
        std::int64_t credit = 0;
        std::variant<Flow, Log> what;
        std::optional<Gap> gap; ///< not told yet
    };

    void openFlow(const Call &call);
    void openLog(const Call &call);
    void credit(const Call &call);
    void close(const Call &call);
    [[nodiscard]] std::optional<int> makeFeed(const Call &call, std::variant<Flow, Log> what);
    [[nodiscard]] Feed *find(const Call &call);
    void update();

    void pollFlow();
    void pollLog();
    void show(const FlowEvent &event);
    void show(const log::TailLine &line);
    [[nodiscard]] NegotiationKind kindOf(const msgsrv::Message &message);
    /// True when @p feed gets the event @p sequence; else the gap grows.
    [[nodiscard]] bool admit(Feed &feed, std::uint64_t sequence);
    void miss(Feed &feed, std::uint64_t from, std::uint64_t to, const char *why);
    void tellGap(Feed &feed);
    /// @p credit as far as it is allowed.
    [[nodiscard]] std::int64_t bounded(std::int64_t credit);

    FlowTap &m_tap;
    const Limits m_limits;
    ManagementMetrics &m_metrics;
    std::map<int, Feed> m_feeds; ///< by number, which no other subscription of this server ever has
    int m_lastNumber = 0;
    bool m_negotiationsWanted = false;
    Negotiations m_negotiations;
    QHash<QByteArray, NegotiationKind> m_kinds; ///< of messages that were told of lately, by id
    QTimer m_timer; ///< runs while anything is open
};

} // namespace msgsrv::management
