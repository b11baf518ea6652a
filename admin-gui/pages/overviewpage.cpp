// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/pages/overviewpage.h"

#include "admin-gui/models/format.h"
#include "admin-gui/pages/attention.h"
#include "admin-gui/pages/seriesreply.h"
#include "admin-gui/widgets/chart.h"
#include "admin-gui/widgets/tile.h"
#include "shared/management/protocol.h"

#include <QDateTime>
#include <QGridLayout>
#include <QLabel>
#include <QVBoxLayout>

namespace msgsrv::console {

namespace {

double number(const QJsonObject &object, const char *name)
{
    return object.value(QLatin1String(name)).toDouble();
}

double sum(const QJsonObject &object, const char *name)
{
    double total = 0;
    for (const QJsonValue &value : object.value(QLatin1String(name)).toObject())
        total += value.toDouble();
    return total;
}

} // namespace

OverviewPage::OverviewPage(PageContext context, QWidget *parent)
    : Page(context, parent)
    , m_attention(new Attention(context.connection, this))
    , m_node(new QLabel(this))
{
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 14, 16, 12);
    layout->setSpacing(16);
    layout->addWidget(m_attention);
    auto *grid = new QGridLayout;
    grid->setSpacing(12);
    const std::vector<Tile *> tiles{
        addTile(QStringLiteral("sessions"), tr("Sessions"), {.page = PageId::Sessions}),
        addTile(QStringLiteral("connections"), tr("Connections"), {.page = PageId::Connections}),
        addTile(QStringLiteral("accepted"), tr("Messages accepted"), {.page = PageId::Flow}),
        addTile(QStringLiteral("inFlight"), tr("In flight"),
                {.page = PageId::Queues, .filter = QStringLiteral("ready>0")}),
        addTile(QStringLiteral("dropped"), tr("Dropped"),
                {.page = PageId::Sessions, .filter = QStringLiteral("drops>0")}),
        addTile(QStringLiteral("strange"), tr("Strange behaviour"), {.page = PageId::Log}),
        addTile(QStringLiteral("rss"), tr("Memory"), {.page = PageId::Charts}),
        addTile(QStringLiteral("descriptors"), tr("File descriptors"), {.page = PageId::Charts})};
    for (std::size_t i = 0; i < tiles.size(); ++i)
        grid->addWidget(tiles[i], static_cast<int>(i / 4), static_cast<int>(i % 4));
    layout->addLayout(grid);
    m_node->setForegroundRole(QPalette::PlaceholderText);
    m_node->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    auto *curves = new QHBoxLayout;
    curves->setSpacing(12);
    int color = 0;
    for (const auto &[name, unit] : {std::pair{"accepted", "1/s"}, {"inFlight", ""}}) {
        auto *chart = new Chart(this);
        chart->setTitle(color == 0 ? tr("Messages accepted, last hour") : tr("In flight, last hour"),
                        QLatin1String(unit), {}, color);
        color += 3;
        connect(chart, &Chart::crossHairMoved, this, [this](std::optional<qint64> moment) {
            for (Chart *one : m_charts)
                one->setCrossHair(moment);
        });
        m_charts.insert(QLatin1String(name), chart);
        curves->addWidget(chart);
    }
    layout->addLayout(curves, 1);
    layout->addWidget(m_node);
    connect(m_attention, &Attention::linkActivated, this, &Page::linkActivated);
    m_statusTimer.setInterval(2000);
    connect(&m_statusTimer, &QTimer::timeout, this, &OverviewPage::askStatus);
    m_curveTimer.setInterval(10'000);
    connect(&m_curveTimer, &QTimer::timeout, this, &OverviewPage::askCurves);
    connect(&context.connection, &Connection::stateChanged, this, [this](LinkState state) {
        if (state == LinkState::Live && m_statusTimer.isActive()) {
            askStatus();
            askCurves();
        }
    });
}

Tile *OverviewPage::addTile(const QString &name, const QString &title, const Link &link)
{
    auto *tile = new Tile(title, this);
    m_tiles.insert(name, tile);
    connect(tile, &QAbstractButton::clicked, this, [this, link] { emit linkActivated(link); });
    return tile;
}

void OverviewPage::setActive(bool active)
{
    m_attention->setActive(active);
    if (!active) {
        m_statusTimer.stop();
        m_curveTimer.stop();
        return;
    }
    m_statusTimer.start();
    m_curveTimer.start();
    askStatus();
    askCurves();
}

bool OverviewPage::isSettled() const
{
    return m_hasStatus && m_curves >= 5 && m_attention->isSettled();
}

void OverviewPage::askStatus()
{
    connection().request(management::method::serverStatus, {}, this, [this](const Reply &reply) {
        if (reply.ok)
            showStatus(reply.result);
    });
}

void OverviewPage::askCurves()
{
    m_curves = 0;
    for (auto tile = m_tiles.cbegin(); tile != m_tiles.cend(); ++tile) {
        connection().request(management::method::seriesGet,
                             {{QLatin1String("name"), tile.key()}, {QLatin1String("seconds"), 600}}, this,
                             [this, name = tile.key()](const Reply &reply) {
                                 ++m_curves;
                                 if (reply.ok)
                                     m_tiles.value(name)->setCurve(seriesFrom(reply.result));
                             });
    }
    for (auto chart = m_charts.cbegin(); chart != m_charts.cend(); ++chart) {
        connection().request(management::method::seriesGet,
                             {{QLatin1String("name"), chart.key()}, {QLatin1String("seconds"), 3600}}, this,
                             [chart = chart.value()](const Reply &reply) {
                                 if (reply.ok)
                                     chart->setData(seriesFrom(reply.result));
                             });
    }
}

void OverviewPage::showStatus(const QJsonObject &status)
{
    m_hasStatus = true;
    m_attention->setStatus(status);
    const QJsonObject sessions = status.value(QLatin1String("sessions")).toObject();
    m_tiles.value(QStringLiteral("sessions"))
        ->setValue(
            format::count(sum(status, "sessions")),
            tr("%1 acked, %2 new")
                .arg(format::count(number(sessions, "acked")), format::count(number(sessions, "new"))));
    const QJsonObject transports = status.value(QLatin1String("connections")).toObject();
    QStringList parts;
    for (auto part = transports.begin(); part != transports.end(); ++part)
        parts.append(tr("%1 %2").arg(format::count(part.value().toDouble()), part.key()));
    m_tiles.value(QStringLiteral("connections"))
        ->setValue(format::count(sum(status, "connections")), parts.join(QLatin1String(", ")));

    const auto accepted = static_cast<qint64>(number(status, "accepted"));
    const qint64 now = QDateTime::currentMSecsSinceEpoch();
    QString rate = tr("since the start");
    if (m_lastAccepted >= 0 && accepted >= m_lastAccepted && now > m_lastAsked)
        rate = tr("%1 now").arg(format::withUnit(static_cast<double>(accepted - m_lastAccepted) * 1000
                                                     / static_cast<double>(now - m_lastAsked),
                                                 QStringLiteral("1/s")));
    m_lastAccepted = accepted;
    m_lastAsked = now;
    m_tiles.value(QStringLiteral("accepted"))
        ->setValue(format::shortCount(static_cast<double>(accepted)), rate);
    m_tiles.value(QStringLiteral("inFlight"))
        ->setValue(format::count(number(status, "inFlight")),
                   tr("in %1 queues").arg(format::count(number(status, "queues"))));
    const double dropped = number(status, "dropped");
    m_tiles.value(QStringLiteral("dropped"))
        ->setValue(format::shortCount(dropped),
                   accepted > 0
                       ? tr("%1 % of all").arg(dropped * 100 / static_cast<double>(accepted), 0, 'f', 3)
                       : QString());
    const double strange = number(status, "strange");
    m_tiles.value(QStringLiteral("strange"))
        ->setValue(format::count(strange), strange > 0 ? tr("▲ look at the log") : tr("● none"),
                   strange > 0 ? Tone::Warning : Tone::Plain);
    m_tiles.value(QStringLiteral("rss"))
        ->setValue(format::bytes(number(status, "rss")),
                   tr("%n worker(s)", nullptr, static_cast<int>(number(status, "workers"))));
    const double limit = number(status, "descriptorLimit");
    m_tiles.value(QStringLiteral("descriptors"))
        ->setValue(format::count(number(status, "descriptors")),
                   limit > 0 ? tr("of %1").arg(format::count(limit)) : QString(),
                   limit > 0 && number(status, "descriptors") > 0.8 * limit ? Tone::Warning : Tone::Plain);
    m_node->setText(tr("%1 %2 · up for %3 · store: %4 · broker: %5 · %6")
                        .arg(connection().server().name, status.value(QLatin1String("version")).toString(),
                             format::duration(number(status, "uptime")),
                             status.value(QLatin1String("store")).toString(),
                             status.value(QLatin1String("broker")).toString(),
                             status.value(QLatin1String("state")).toString()));
}

} // namespace msgsrv::console
