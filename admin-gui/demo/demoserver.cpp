// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/demo/demoserver.h"

#include "admin-gui/demo/demopeer.h"

#include <QDateTime>

#include <algorithm>

namespace msgsrv::console {

namespace {

constexpr int tickLength = 100; // ms
constexpr std::size_t longestHistory = 3000;

void remember(std::vector<QJsonObject> &history, const std::vector<QJsonObject> &events)
{
    history.insert(history.end(), events.begin(), events.end());
    if (history.size() > longestHistory)
        history.erase(history.begin(), history.end() - static_cast<std::ptrdiff_t>(longestHistory));
}

} // namespace

DemoServer::DemoServer(qint64 now, QObject *parent)
    : QObject(parent)
    , m_world(now)
{
    remember(m_flowHistory, m_world.takeFlow());
    remember(m_logHistory, m_world.takeLog());
    m_clock.setInterval(tickLength);
    connect(&m_clock, &QTimer::timeout, this,
            [this] { advance(std::min<qint64>(5000, QDateTime::currentMSecsSinceEpoch() - m_world.now())); });
}

DemoServer::~DemoServer() = default;

std::unique_ptr<Wire> DemoServer::connectClient()
{
    MemoryWire::Pair pair = MemoryWire::make();
    if (m_refusing)
        pair.server->close();
    else
        m_peers.push_back(std::make_unique<DemoPeer>(*this, std::move(pair.server)));
    return std::move(pair.client);
}

void DemoServer::run()
{
    m_clock.start();
}

void DemoServer::advance(qint64 ms)
{
    if (ms <= 0)
        return;
    m_world.advance(ms);
    const auto flow = m_world.takeFlow();
    const auto log = m_world.takeLog();
    remember(m_flowHistory, flow);
    remember(m_logHistory, log);
    for (const auto &peer : m_peers)
        peer->tick(flow, log);
}

void DemoServer::cut(bool refuse)
{
    m_refusing = refuse;
    for (const auto &peer : m_peers)
        peer->close();
    m_peers.clear();
}

int DemoServer::watched() const
{
    int count = 0;
    for (const auto &peer : m_peers)
        count += peer->watched();
    return count;
}

void DemoServer::forget(DemoPeer *peer)
{
    const auto found
        = std::find_if(m_peers.begin(), m_peers.end(), [peer](const auto &one) { return one.get() == peer; });
    if (found == m_peers.end())
        return;
    found->release()->deleteLater(); // its wire is calling
    m_peers.erase(found);
}

} // namespace msgsrv::console
