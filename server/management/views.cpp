// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/views.h"

#include "server/management/managementpeer.h"

#include <QJsonArray>

#include <algorithm>
#include <utility>

namespace msgsrv::management {

namespace {

constexpr milliseconds tickInterval(50);
/// Rows that are not older than this answer view.change at once: scrolling is quick.
constexpr milliseconds fresh(200);
/// After a collection of any table nobody's view makes another one for so many times the time that it took.
constexpr int pauseFactor = 19;
/// The same for the same table, when somebody has just turned to it and waits.
constexpr int shortPauseFactor = 9;

constexpr QLatin1String viewName("view");

} // namespace

Views::Views(Node &node, bool wholeAddresses, const ViewLimits &limits, ManagementMetrics &metrics)
    : m_node(node)
    , m_wholeAddresses(wholeAddresses)
    , m_limits(limits)
    , m_metrics(metrics)
{
    m_timer.setInterval(tickInterval);
    connect(&m_timer, &QTimer::timeout, this, &Views::tick);
}

void Views::addTo(Methods &methods)
{
    using Type = Parameter::Type;
    const std::vector<Parameter> optional{
        {QLatin1String("filter"), Type::Text, true, "which rows, in the filter language"},
        {QLatin1String("sort"), Type::Text, true, "a column, with - for descending"},
        {QLatin1String("range"), Type::List, true, "[first, count]; hello tells how many rows at most"},
        {QLatin1String("rate"), Type::Number, true, "the most deltas a second, from 0.1"}};
    std::vector<Parameter> opening{
        {QLatin1String("table"), Type::Text, false, "sessions, queues, connections or nodes"},
        {QLatin1String("columns"), Type::List, true, "names; all when left out"}};
    opening.insert(opening.end(), optional.begin(), optional.end());
    opening[4].isOptional = false;
    std::vector<Parameter> changing{{viewName, Type::Whole, false, "number of the view"}};
    changing.insert(changing.end(), optional.begin(), optional.end());

    methods.add({method::viewOpen, Role::Observer, opening, "opens a window into a table",
                 [this](const Call &call) { open(call); }});
    methods.add({method::viewChange, Role::Observer, changing,
                 "changes it; without parameters: all of it again",
                 [this](const Call &call) { change(call); }});
    methods.add(
        {method::viewClose, Role::Observer, {changing.front()}, "closes it", [this](const Call &call) {
             close(call);
         }});
}

void Views::forget(ManagementPeer *peer)
{
    std::erase_if(m_views, [peer](const auto &entry) { return entry.second.peer == peer; });
    rest();
    emit lookChanged();
}

void Views::rest()
{
    if (!m_views.empty())
        return;
    std::erase_if(m_sources, [](const auto &entry) {
        return !entry.second.isCollecting && entry.second.waiting.empty();
    });
    if (m_sources.empty())
        m_timer.stop();
}

bool Views::looksAt(std::string_view table) const
{
    return std::any_of(m_views.begin(), m_views.end(),
                       [table](const auto &entry) { return entry.second.view.query().table->name == table; });
}

void Views::open(const Call &call)
{
    const auto own = std::count_if(m_views.begin(), m_views.end(),
                                   [&](const auto &entry) { return entry.second.peer == call.peer(); });
    if (own >= m_limits.views) {
        m_metrics.limited(Limit::Views);
        return call.fail(ErrorCode::TooMany,
                         QStringLiteral("A client has at most %1 views.").arg(m_limits.views));
    }
    const bool whole = m_wholeAddresses || call.peer()->role() >= Role::Admin;
    auto query = ViewQuery::parse(call.params(), whole ? Addresses::Whole : Addresses::Masked, m_limits);
    if (!query)
        return refuse(call, query.error());
    const int number = ++m_lastNumber;
    m_views.emplace(number, Entry{call.peer(), View(number, *std::move(query))});
    if (!m_timer.isActive())
        m_timer.start();
    emit lookChanged();
    show(call, number, true);
}

void Views::change(const Call &call)
{
    Entry *entry = find(call);
    if (!entry)
        return;
    if (const auto changed = entry->view.change(call.params()); !changed)
        return refuse(call, changed.error());
    show(call, entry->view.number(), false);
}

void Views::refuse(const Call &call, const Failure &failure)
{
    const QString parameter = failure.data.value(u"parameter").toString();
    if (parameter == QLatin1String("range")
        && call.params().value(u"range").toArray().at(1).toDouble() > m_limits.rows)
        m_metrics.limited(Limit::Rows);
    else if (parameter == QLatin1String("rate") && call.params().value(u"rate").toDouble() > m_limits.rate)
        m_metrics.limited(Limit::Rate);
    call.fail(failure);
}

void Views::close(const Call &call)
{
    const Entry *entry = find(call);
    if (!entry)
        return;
    m_views.erase(entry->view.number());
    rest();
    emit lookChanged();
    call.answer({});
}

Views::Entry *Views::find(const Call &call)
{
    const auto found = m_views.find(call.number(viewName, 0));
    if (found != m_views.end() && found->second.peer == call.peer())
        return &found->second;
    call.fail(ErrorCode::NoSuchObject, QStringLiteral("There is no such view."));
    return nullptr;
}

void Views::show(const Call &call, int number, bool withColumns)
{
    const Table &table = *m_views.at(number).view.query().table;
    whenFresh(table, [this, call, number, withColumns, &table] {
        const auto entry = m_views.find(number);
        if (entry == m_views.end())
            return call.fail(ErrorCode::NoSuchObject, QStringLiteral("The view was closed."));
        const auto rows = sourceOf(table).rows;
        if (!rows)
            return call.fail(ErrorCode::Internal, QStringLiteral("The table cannot be read."));
        call.answerJson(entry->second.view.snapshot(*rows, Clock::now(), withColumns));
    });
}

void Views::whenFresh(const Table &table, std::function<void()> then)
{
    Source &source = sourceOf(table);
    if (source.rows && Clock::now() - source.collectedAt <= fresh) {
        then();
    } else if (source.isCollecting) {
        source.late.push_back(std::move(then));
    } else {
        source.waiting.push_back(std::move(then));
        if (Clock::now() >= source.notBefore)
            collect(table);
    }
}

void Views::collect(const Table &table)
{
    sourceOf(table).isCollecting = true;
    const TimePoint begun = Clock::now();
    m_node.collect(table.name, [this, &table, begun](std::shared_ptr<const RowSet> rows) {
        collected(table, std::move(rows), begun);
    });
}

void Views::collected(const Table &table, std::shared_ptr<const RowSet> rows, TimePoint begun)
{
    const auto found = m_sources.find(&table);
    if (found == m_sources.end() || !found->second.isCollecting)
        return;
    Source &source = found->second;
    source.isCollecting = false;
    source.rows = std::move(rows);
    source.collectedAt = Clock::now();
    for (const auto &then : std::exchange(source.waiting, {}))
        then();
    if (source.rows) {
        for (auto &[number, entry] : m_views) {
            if (entry.view.query().table == &table && entry.view.isDue(source.collectedAt))
                update(entry, source, source.collectedAt);
        }
    }
    const TimePoint now = Clock::now();
    source.notBefore = now + (now - begun) * shortPauseFactor;
    m_notBefore = std::max(m_notBefore, now) + (now - begun) * pauseFactor;
    source.waiting = std::exchange(source.late, {});
    rest();
}

void Views::tick()
{
    rest();
    const TimePoint now = Clock::now();
    for (auto &[number, entry] : m_views) {
        if (entry.view.isDue(now) && !entry.peer->hasRoom())
            entry.view.skip(now); // nothing is collected for a console that does not read
    }
    const bool mayCollect
        = now >= m_notBefore; // for all of them or none: the first must not starve the others
    for (const Table &table : tables()) {
        const auto found = m_sources.find(&table);
        if (found == m_sources.end() || found->second.isCollecting || now < found->second.notBefore)
            continue;
        const bool isDue
            = mayCollect && std::any_of(m_views.begin(), m_views.end(), [&](const auto &entry) {
                  return entry.second.view.query().table == &table && entry.second.view.isDue(now);
              });
        if (isDue || !found->second.waiting.empty())
            collect(table);
    }
}

void Views::update(Entry &entry, const Source &source, TimePoint now)
{
    if (!entry.peer->hasRoom()) {
        entry.view.skip(now);
        return;
    }
    const std::string delta = entry.view.delta(*source.rows, now);
    if (!delta.empty())
        entry.peer->send(notificationLine(notification::viewDelta, delta));
}

} // namespace msgsrv::management
