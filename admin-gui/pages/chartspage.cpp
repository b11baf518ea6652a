// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/pages/chartspage.h"

#include "admin-gui/models/commandtext.h"
#include "admin-gui/pages/seriesreply.h"
#include "admin-gui/widgets/chart.h"
#include "admin-gui/widgets/placeholder.h"
#include "shared/management/protocol.h"

#include <QComboBox>
#include <QFileDialog>
#include <QGridLayout>
#include <QJsonArray>
#include <QLabel>
#include <QSaveFile>
#include <QScrollArea>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace msgsrv::console {

ChartsPage::ChartsPage(PageContext context, QWidget *parent)
    : Page(context, parent)
    , m_range(new QComboBox(this))
    , m_grid(new QGridLayout)
    , m_placeholder(new Placeholder(this))
    , m_area(new QWidget)
{
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 12, 16, 12);
    layout->setSpacing(10);
    auto *head = new QHBoxLayout;
    auto *label = new QLabel(tr("&Last"), this);
    label->setBuddy(m_range);
    head->addWidget(label);
    for (const auto &[text, span] : {std::pair{tr("minute"), 60},
                                     {tr("10 minutes"), 600},
                                     {tr("hour"), 3600},
                                     {tr("6 hours"), 21'600},
                                     {tr("24 hours"), 86'400}})
        m_range->addItem(text, span);
    m_range->setCurrentIndex(2);
    m_range->setAccessibleName(tr("Time that the charts show"));
    head->addWidget(m_range);
    auto *hint
        = new QLabel(tr("Move over a chart, or use ← and → in it, to read all charts at that moment"), this);
    hint->setForegroundRole(QPalette::PlaceholderText);
    head->addWidget(hint);
    head->addStretch(1);
    auto *csv = new QToolButton(this);
    csv->setText(tr("Save CSV …"));
    head->addWidget(csv);
    auto *copy = new QToolButton(this);
    copy->setText(tr("Copy as command"));
    head->addWidget(copy);
    layout->addLayout(head);
    auto *scroll = new QScrollArea(this);
    scroll->setWidgetResizable(true);
    scroll->setAccessibleName(tr("Charts"));
    scroll->setFrameShape(QFrame::NoFrame);
    m_area->setLayout(m_grid);
    m_grid->setContentsMargins(0, 0, 0, 0);
    m_grid->setSpacing(12);
    scroll->setWidget(m_area);
    layout->addWidget(scroll, 1);
    layout->addWidget(m_placeholder, 1);
    m_placeholder->say(tr("No series yet"),
                       tr("As soon as the server names its series, they are drawn here."));
    connect(m_range, &QComboBox::currentIndexChanged, this, &ChartsPage::askValues);
    connect(csv, &QToolButton::clicked, this, &ChartsPage::saveCsv);
    connect(copy, &QToolButton::clicked, this, [this] {
        QStringList lines;
        for (const QString &name : m_names)
            lines.append(command::series(name, seconds()));
        copyText(lines.join(QLatin1Char('\n')));
    });
    connect(&m_timer, &QTimer::timeout, this, &ChartsPage::askValues);
    connect(&context.connection, &Connection::stateChanged, this, [this](LinkState state) {
        if (state == LinkState::Live && m_timer.isActive())
            askList();
    });
}

int ChartsPage::seconds() const
{
    return m_range->currentData().toInt();
}

void ChartsPage::setActive(bool active)
{
    if (!active) {
        m_timer.stop();
        return;
    }
    m_timer.start(2000);
    askList();
}

void ChartsPage::askList()
{
    connection().request(management::method::seriesList, {}, this, [this](const Reply &reply) {
        if (reply.ok)
            make(reply.result.value(QLatin1String("series")).toArray());
        else if (reply.code != Reply::linkLost)
            m_placeholder->say(tr("The server cannot show this"), reply.message);
        askValues();
    });
}

void ChartsPage::make(const QJsonArray &series)
{
    QStringList names;
    for (qsizetype i = 0; i < std::min<qsizetype>(series.size(), 40); ++i)
        names.append(series.at(i).toObject().value(QLatin1String("name")).toString());
    m_placeholder->setVisible(names.isEmpty());
    if (names == m_names)
        return;
    qDeleteAll(m_charts);
    m_charts.clear();
    m_names = names;
    for (qsizetype i = 0; i < names.size(); ++i) {
        const QJsonObject one = series.at(i).toObject();
        auto *chart = new Chart(m_area);
        chart->setTitle(names.at(i), one.value(QLatin1String("unit")).toString(),
                        one.value(QLatin1String("meaning")).toString(), static_cast<int>(i));
        connect(chart, &Chart::crossHairMoved, this, &ChartsPage::setCrossHair);
        m_grid->addWidget(chart, static_cast<int>(i / 3), static_cast<int>(i % 3));
        m_charts.push_back(chart);
    }
}

void ChartsPage::askValues()
{
    if (!isVisible())
        return;
    m_answers = 0;
    const int span = seconds();
    m_timer.setInterval(std::clamp(span * 1000 / 300, 1000, 30'000));
    for (qsizetype i = 0; i < m_names.size(); ++i) {
        connection().request(management::method::seriesGet,
                             {{QLatin1String("name"), m_names.at(i)}, {QLatin1String("seconds"), span}}, this,
                             [this, name = m_names.at(i), i](const Reply &reply) {
                                 ++m_answers;
                                 if (m_names.value(i) != name)
                                     return;
                                 if (reply.ok)
                                     m_charts[static_cast<std::size_t>(i)]->setData(seriesFrom(reply.result));
                                 else if (reply.code != Reply::linkLost)
                                     m_charts[static_cast<std::size_t>(i)]->setProblem(reply.message);
                             });
    }
}

void ChartsPage::setCrossHair(std::optional<qint64> moment)
{
    for (Chart *chart : m_charts)
        chart->setCrossHair(moment);
}

void ChartsPage::saveCsv()
{
    const QString folder = QFileDialog::getExistingDirectory(this, tr("Folder for the CSV files"));
    if (folder.isEmpty())
        return;
    int saved = 0;
    for (const Chart *chart : m_charts) {
        QString name = chart->title();
        for (QChar &letter : name) {
            if (!letter.isLetterOrNumber() && letter != QLatin1Char('_') && letter != QLatin1Char('-'))
                letter = QLatin1Char('_');
        }
        QSaveFile file(folder + QLatin1Char('/') + name + QLatin1String(".csv"));
        if (file.open(QIODevice::WriteOnly) && file.write(chart->toCsv().toUtf8()) >= 0 && file.commit())
            ++saved;
        else
            emit said(tr("%1: %2").arg(file.fileName(), file.errorString()));
    }
    if (saved == static_cast<int>(m_charts.size()))
        emit said(tr("%n file(s) saved in %1", nullptr, saved).arg(folder));
}

} // namespace msgsrv::console
