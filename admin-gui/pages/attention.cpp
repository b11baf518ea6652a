// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/pages/attention.h"

#include "admin-gui/models/remotetablemodel.h"
#include "admin-gui/widgets/palette.h"

#include <QEvent>
#include <QLabel>
#include <QListWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace msgsrv::console {

Attention::Attention(Connection &connection, QWidget *parent)
    : QFrame(parent)
    , m_connection(connection)
    , m_list(new QListWidget(this))
{
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    auto *title = new QLabel(tr("Needs attention"), this);
    QFont font = title->font();
    font.setPointSizeF(font.pointSizeF() * 1.15);
    font.setBold(true);
    title->setFont(font);
    title->setBuddy(m_list);
    layout->addWidget(title);
    layout->addWidget(m_list);
    m_list->setAccessibleName(tr("Needs attention"));
    m_list->setSpacing(3);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setIconSize({20, 20});
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    const auto open = [this](QListWidgetItem *item) {
        const auto row = static_cast<std::size_t>(m_list->row(item));
        if (row < m_lines.size())
            emit linkActivated(m_lines[row].link);
    };
    connect(m_list, &QListWidget::itemActivated, this, open);
    connect(m_list, &QListWidget::itemClicked, this, open);

    addRule(PageId::Sessions, QStringLiteral("negotiation:stuck"), QStringLiteral("-seen"), Tone::Bad,
            [](int n) {
                return n == 1
                    ? tr("1 stuck negotiation: no answer, or the call did not come up")
                    : tr("%1 users in stuck negotiations: no answer, or the call did not come up").arg(n);
            });
    addRule(PageId::Sessions, QStringLiteral("drops>0"), QStringLiteral("-drops"), Tone::Bad, [](int n) {
        return n == 1 ? tr("Messages to 1 user were dropped")
                      : tr("Messages to %1 users were dropped").arg(n);
    });
    addRule(PageId::Sessions, QStringLiteral("backlog>10"), QStringLiteral("-backlog"), Tone::Warning,
            [](int n) {
                return n == 1 ? tr("1 slow consumer: messages wait for it")
                              : tr("%1 slow consumers: messages wait for them").arg(n);
            });
    addRule(PageId::Queues, QStringLiteral("oldest>30s"), QStringLiteral("-oldest"), Tone::Warning,
            [](int n) {
                return n == 1 ? tr("1 queue whose first message has waited for more than 30 s")
                              : tr("%1 queues whose first message has waited for more than 30 s").arg(n);
            });
    addRule(PageId::Sessions, QStringLiteral("state:new age>30s"), QStringLiteral("-age"), Tone::Notice,
            [](int n) {
                return n == 1 ? tr("1 session that nobody has subscribed to for 30 s")
                              : tr("%1 sessions that nobody has subscribed to for 30 s").arg(n);
            });
    fill();
}

void Attention::addRule(PageId page, const QString &filter, const QString &sort, Tone tone,
                        QString (*sentence)(int))
{
    TableSpec spec = page == PageId::Queues ? TableSpec::queues() : TableSpec::sessions();
    std::erase_if(spec.columns,
                  [](const ColumnSpec &column) { return column.name != QLatin1String("user"); });
    auto *rows = new RemoteTableModel(m_connection, spec, this);
    rows->setRate(1);
    rows->setSort(sort);
    rows->setFilter(filter);
    rows->setVisibleRows(0, 0);
    connect(rows, &RemoteTableModel::statusChanged, this, &Attention::fill);
    connect(rows, &QAbstractItemModel::dataChanged, this, &Attention::fill);
    m_rules.push_back({page, filter, tone, sentence, rows});
}

void Attention::setActive(bool active)
{
    for (const Rule &rule : m_rules)
        rule.rows->setActive(active);
}

bool Attention::isSettled() const
{
    return std::all_of(m_rules.begin(), m_rules.end(),
                       [](const Rule &rule) { return rule.rows->isLoaded(); });
}

void Attention::setStatus(const QJsonObject &status)
{
    m_status.clear();
    for (const char *part : {"store", "broker"}) {
        const QString state = status.value(QLatin1String(part)).toString();
        if (state.contains(QLatin1String("down")) || state.contains(QLatin1String("away")))
            m_status.push_back({Tone::Bad,
                                tr("The %1 cannot be reached: %2").arg(QLatin1String(part), state),
                                {.page = PageId::Log}});
    }
    const double limit = status.value(QLatin1String("descriptorLimit")).toDouble();
    const double used = status.value(QLatin1String("descriptors")).toDouble();
    if (limit > 0 && used > 0.8 * limit)
        m_status.push_back({Tone::Warning,
                            tr("%1 of %2 file descriptors are in use").arg(used).arg(limit),
                            {.page = PageId::Charts}});
    const int strange = status.value(QLatin1String("strange")).toInt();
    if (strange > 0)
        m_status.push_back({Tone::Warning,
                            tr("%n time(s) something strange happened since the start; the log tells what",
                               nullptr, strange),
                            {.page = PageId::Log}});
    if (status.value(QLatin1String("state")).toString() == QLatin1String("stopping"))
        m_status.push_back({Tone::Warning, tr("The server is stopping"), {.page = PageId::Log}});
    fill();
}

std::vector<Attention::Line> Attention::current() const
{
    std::vector<Line> lines = m_status;
    for (const Rule &rule : m_rules) {
        const int count = rule.rows->rowCount();
        if (count == 0)
            continue;
        QStringList names;
        for (int row = 0; row < std::min(3, count); ++row) {
            const QString name = rule.rows->raw(row, QStringLiteral("user")).toString();
            if (!name.isEmpty())
                names.append(name);
        }
        QString text = rule.sentence(count);
        if (!names.isEmpty())
            text += QStringLiteral("  —  ") + names.join(QLatin1String(", "))
                + (count > names.size() ? QStringLiteral(" …") : QString());
        lines.push_back({rule.tone, text, {.page = rule.page, .filter = rule.filter}});
    }
    std::stable_sort(lines.begin(), lines.end(),
                     [](const Line &a, const Line &b) { return a.tone > b.tone; });
    return lines;
}

void Attention::fill()
{
    std::vector<Line> lines = current();
    const bool same = !m_lines.empty() && lines.size() == m_lines.size()
        && std::equal(lines.begin(), lines.end(), m_lines.begin(),
                      [](const Line &a, const Line &b) { return a.text == b.text && a.tone == b.tone; });
    m_lines = std::move(lines);
    if (same)
        return;
    const int current = m_list->currentRow();
    const Colors &colors = colorsOf(palette());
    QPalette soft = palette();
    soft.setColor(QPalette::Highlight, colors.selection);
    soft.setColor(QPalette::HighlightedText, colors.text);
    m_list->setPalette(soft);
    m_list->clear();
    for (const Line &line : m_lines) {
        m_list->addItem(new QListWidgetItem(glyphIcon(Glyph::Alert, colors.of(line.tone)), line.text));
    }
    if (m_lines.empty()) {
        m_list->addItem(new QListWidgetItem(glyphIcon(Glyph::Calm, colors.good),
                                            isSettled() ? tr("Nothing needs attention") : tr("Looking …")));
    }
    m_list->setCurrentRow(std::clamp(current, 0, m_list->count() - 1));
    const int rows = std::clamp(m_list->count(), 2, 7);
    m_list->setFixedHeight(rows * (m_list->sizeHintForRow(0) + 2 * m_list->spacing()) + 8);
}

void Attention::changeEvent(QEvent *event)
{
    QFrame::changeEvent(event);
    if (event->type() == QEvent::PaletteChange) {
        m_lines.clear(); // icons and colours are made anew
        fill();
    }
}

QStringList Attention::lines() const
{
    QStringList texts;
    for (const Line &line : m_lines)
        texts.append(line.text);
    return texts;
}

} // namespace msgsrv::console
