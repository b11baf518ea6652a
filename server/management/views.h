// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/management/managementmetrics.h"
#include "server/management/methods.h"
#include "server/management/node.h"
#include "server/management/view.h"

#include <QObject>
#include <QTimer>

#include <map>
#include <memory>
#include <vector>

namespace msgsrv::management {

/// The views of all consoles: collects a table once for all that look at it, and only while somebody does.
/// What views cost, in whatever thread, is a twentieth of a core, however many and large the tables are and
/// however high the rates that were asked for; who turns to a table waits less, and costs a tenth.
class Views final : public QObject
{
    Q_OBJECT

public:
    /// @p node and @p metrics outlive this object. @p wholeAddresses: also for roles below admin.
    Views(Node &node, bool wholeAddresses, const ViewLimits &limits, ManagementMetrics &metrics);

    void addTo(Methods &methods);
    /// @p peer has gone.
    void forget(ManagementPeer *peer);
    [[nodiscard]] bool isIdle() const { return m_views.empty(); }
    /// True while somebody looks at @p table.
    [[nodiscard]] bool looksAt(std::string_view table) const;

signals:
    /// A table is looked at that was not, or the other way round.
    void lookChanged();

private:
    struct Entry
    {
        ManagementPeer *peer = nullptr;
        View view;
    };
    struct Source
    {
        std::shared_ptr<const RowSet> rows; ///< the latest
        TimePoint collectedAt; ///< when they came
        TimePoint notBefore; ///< of the next collection for somebody who waits
        bool isCollecting = false;
        std::vector<std::function<void()>> waiting; ///< for the collection that is under way
        std::vector<std::function<void()>> late; ///< for the one after it
    };

    void open(const Call &call);
    void change(const Call &call);
    void close(const Call &call);
    [[nodiscard]] Entry *find(const Call &call);
    void show(const Call &call, int number, bool withColumns);
    /// Answers that a query was refused, and counts it where a limit did that.
    void refuse(const Call &call, const Failure &failure);

    /// Runs @p then when there are rows of now.
    void whenFresh(const Table &table, std::function<void()> then);
    void collect(const Table &table);
    void collected(const Table &table, std::shared_ptr<const RowSet> rows, TimePoint begun);
    void tick();
    /// While nobody has a view: forgets the tables, but for those that a request waits for.
    void rest();
    void update(Entry &entry, const Source &source, TimePoint now);
    [[nodiscard]] Source &sourceOf(const Table &table) { return m_sources[&table]; }

    Node &m_node;
    const bool m_wholeAddresses;
    const ViewLimits m_limits;
    ManagementMetrics &m_metrics;
    std::map<int, Entry> m_views; ///< by number, which no other view of this server ever has
    std::map<const Table *, Source> m_sources;
    TimePoint m_notBefore; ///< of the next collection for views
    int m_lastNumber = 0;
    QTimer m_timer; ///< runs while there are views
};

} // namespace msgsrv::management
