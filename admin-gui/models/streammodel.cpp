// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/streammodel.h"

#include <algorithm>
#include <utility>

namespace msgsrv::console {

namespace {

constexpr int flushInterval = 100; // ms
/// Rows that go at once: removing one for each that comes would cost more than showing it.
constexpr int removedAtOnce = 1000;

constexpr QLatin1String subName("sub");
constexpr QLatin1String creditName("credit");

} // namespace

StreamModel::StreamModel(Connection &connection, QString method, int creditStep, int capacity,
                         QObject *parent)
    : QAbstractTableModel(parent)
    , m_connection(connection)
    , m_method(std::move(method))
    , m_creditStep(creditStep)
    , m_capacity(capacity)
{
    m_flush.setSingleShot(true);
    m_flush.setInterval(flushInterval);
    connect(&m_flush, &QTimer::timeout, this, [this] {
        if (!m_paused)
            show();
    });
    connect(&m_connection, &Connection::stateChanged, this, [this](LinkState state) {
        if (state == LinkState::Synchronizing && m_active)
            open();
        else if (!isLoggedIn(state))
            m_sub = -1;
    });
}

StreamModel::~StreamModel()
{
    close();
}

void StreamModel::setActive(bool active)
{
    if (m_active == active)
        return;
    m_active = active;
    if (!active)
        close();
    else if (isLoggedIn(m_connection.state()))
        open();
    emit statusChanged();
}

void StreamModel::setPaused(bool paused)
{
    if (m_paused == paused)
        return;
    m_paused = paused;
    if (!paused)
        show();
    emit statusChanged();
}

void StreamModel::setParameters(const QJsonObject &parameters)
{
    if (parameters == m_parameters)
        return;
    m_parameters = parameters;
    if (m_active && isLoggedIn(m_connection.state()))
        open();
}

void StreamModel::open()
{
    close();
    const quint64 request = ++m_request;
    const int step = std::max(1, std::min(m_creditStep, m_connection.server().credit));
    QJsonObject params = m_parameters;
    params.insert(creditName, step);
    m_connection.request(m_method, params, this, [this, request, step](const Reply &reply) {
        const qint64 sub = reply.result.value(subName).toInteger(-1);
        if (request != m_request) {
            if (reply.ok)
                m_connection.request(QStringLiteral("sub.close"), {{subName, sub}}, this, {});
            return;
        }
        m_error = reply.ok || reply.code == Reply::linkLost ? QString() : reply.message;
        if (reply.ok) {
            m_sub = sub;
            m_step = m_credit = step;
            m_connection.attach(
                Connection::Stream::Subscription, sub, this,
                [this](const QString &method, const QJsonObject &event) { take(method, event); });
        }
        emit statusChanged();
    });
}

void StreamModel::close()
{
    ++m_request;
    if (m_sub < 0)
        return;
    m_connection.detach(Connection::Stream::Subscription, m_sub);
    if (isLoggedIn(m_connection.state()))
        m_connection.request(QStringLiteral("sub.close"), {{subName, m_sub}}, &m_connection, {});
    m_sub = -1;
}

void StreamModel::useCredit()
{
    if (--m_credit > m_step / 2)
        return;
    const int more = m_step - m_credit;
    m_credit += more;
    m_connection.request(QStringLiteral("sub.credit"), {{subName, m_sub}, {creditName, more}}, this, {});
}

void StreamModel::announce()
{
    if (m_paused)
        emit statusChanged();
    else if (!m_flush.isActive())
        m_flush.start();
}

void StreamModel::makeRoom(int incoming)
{
    const int excess = rowCount() + incoming - m_capacity;
    if (excess <= 0)
        return;
    const int gone = std::min(rowCount(), std::max(excess, std::min(removedAtOnce, m_capacity / 10)));
    if (gone <= 0)
        return;
    beginRemoveRows({}, 0, gone - 1);
    dropFirst(gone);
    endRemoveRows();
}

} // namespace msgsrv::console
