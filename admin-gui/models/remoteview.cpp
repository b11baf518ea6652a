// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/remoteview.h"

#include <utility>

namespace msgsrv::console {

namespace {

constexpr int firstCount = 200; // rows, until somebody says what is seen

constexpr QLatin1String viewName("view");
constexpr QLatin1String rangeName("range");
constexpr QLatin1String filterName("filter");
constexpr QLatin1String sortName("sort");
constexpr QLatin1String rateName("rate");

} // namespace

RemoteView::RemoteView(Connection &connection, QString table, QStringList columns, QString sort,
                       QObject *parent)
    : QObject(parent)
    , m_connection(connection)
    , m_table(std::move(table))
    , m_columns(std::move(columns))
    , m_sort(std::move(sort))
    , m_count(firstCount)
{
    connect(&m_connection, &Connection::stateChanged, this, &RemoteView::linkChanged);
    m_ask.setSingleShot(true);
    m_ask.setInterval(0);
    connect(&m_ask, &QTimer::timeout, this, [this] { ask({{rangeName, range()}}); });
}

RemoteView::~RemoteView()
{
    close();
}

void RemoteView::setActive(bool active)
{
    if (m_active == active)
        return;
    m_active = active;
    if (!active)
        close();
    else if (isLoggedIn(m_connection.state()))
        open();
}

void RemoteView::setFilter(const QString &filter)
{
    m_filter = filter;
    m_first = 0;
    if (m_view < 0 && m_refused)
        open();
    else
        ask({{filterName, m_filter}, {rangeName, range()}});
}

void RemoteView::setSort(const QString &key)
{
    m_sort = key;
    ask({{sortName, m_sort}});
}

void RemoteView::setRate(double perSecond)
{
    m_rate = perSecond;
    ask({{rateName, m_rate}});
}

void RemoteView::setRange(int first, int count)
{
    if (first == m_first && count == m_count)
        return;
    m_first = first;
    m_count = count;
    m_ask.start();
}

void RemoteView::linkChanged(LinkState state)
{
    if (state == LinkState::Synchronizing && m_active) {
        open();
    } else if (!isLoggedIn(state) && (m_view >= 0 || m_awaiting)) {
        m_view = -1;
        m_awaiting = false;
        ++m_request;
        emit lost();
    }
}

void RemoteView::open()
{
    close();
    const quint64 request = ++m_request;
    const int first = m_first;
    m_awaiting = true;
    QJsonObject params{{QLatin1String("table"), m_table},
                       {QLatin1String("columns"), QJsonArray::fromStringList(m_columns)},
                       {rangeName, range()},
                       {rateName, m_rate}};
    if (!m_filter.isEmpty())
        params.insert(filterName, m_filter);
    if (!m_sort.isEmpty())
        params.insert(sortName, m_sort);
    m_connection.request(
        QStringLiteral("view.open"), params, this, [this, request, first](const Reply &reply) {
            const qint64 view = reply.result.value(viewName).toInteger(-1);
            if (request != m_request || !m_active) {
                // It was closed, or opened anew, while this one was on its way.
                if (reply.ok && m_view != view)
                    m_connection.request(QStringLiteral("view.close"), {{viewName, view}}, this, {});
                return;
            }
            if (reply.ok) {
                m_view = view;
                m_connection.attach(
                    Connection::Stream::View, view, this,
                    [this](const QString &, const QJsonObject &changes) { takeDelta(changes); });
                emit opened(reply.result.value(QLatin1String("columns")).toArray());
            }
            take(reply, request, first);
            if (reply.ok && first != m_first)
                m_ask.start();
        });
}

void RemoteView::close()
{
    m_ask.stop();
    ++m_request;
    m_awaiting = false;
    if (m_view < 0)
        return;
    m_connection.detach(Connection::Stream::View, m_view);
    if (isLoggedIn(m_connection.state()))
        m_connection.request(QStringLiteral("view.close"), {{viewName, m_view}}, &m_connection, {});
    m_view = -1;
}

void RemoteView::ask(const QJsonObject &changes)
{
    if (m_view < 0) {
        if (m_awaiting && m_active && !changes.isEmpty())
            open();
        return;
    }
    QJsonObject params = changes;
    params.insert(viewName, m_view);
    const quint64 request = ++m_request;
    const int first = m_first;
    if (!changes.isEmpty() && !changes.contains(rangeName))
        params.insert(rangeName, range());
    m_awaiting = true;
    m_connection.request(QStringLiteral("view.change"), params, this,
                         [this, request, first](const Reply &reply) { take(reply, request, first); });
}

void RemoteView::take(const Reply &reply, quint64 request, int first)
{
    if (request != m_request)
        return;
    m_awaiting = false;
    m_refused = !reply.ok && reply.code != Reply::linkLost;
    if (!reply.ok) {
        if (m_refused)
            emit failed(reply);
        return;
    }
    m_gen = reply.result.value(QLatin1String("gen")).toInteger();
    m_rev = reply.result.value(QLatin1String("rev")).toInteger();
    emit snapshot(first, reply.result);
}

void RemoteView::takeDelta(const QJsonObject &params)
{
    if (params.value(QLatin1String("gen")).toInteger(-1) != m_gen || m_awaiting)
        return;
    if (params.value(QLatin1String("base")).toInteger(-1) != m_rev) {
        ask({});
        return;
    }
    m_rev = params.value(QLatin1String("rev")).toInteger(m_rev);
    emit delta(params);
}

} // namespace msgsrv::console
