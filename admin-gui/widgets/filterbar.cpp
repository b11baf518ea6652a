// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/widgets/filterbar.h"

#include "admin-gui/widgets/glyph.h"
#include "admin-gui/widgets/palette.h"
#include "shared/management/filter.h"

#include <QAction>
#include <QCompleter>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>

namespace msgsrv::console {

namespace {

/// Completes the last word of the line only.
class LastWordCompleter : public QCompleter
{
public:
    using QCompleter::QCompleter;

    QStringList splitPath(const QString &path) const override
    {
        QString word = path.section(QLatin1Char(' '), -1);
        if (word.startsWith(QLatin1Char('-')))
            word.remove(0, 1);
        return {word};
    }

    QString pathFromIndex(const QModelIndex &index) const override
    {
        const auto *line = qobject_cast<QLineEdit *>(widget());
        const QString text = line == nullptr ? QString() : line->text();
        const QString word = text.section(QLatin1Char(' '), -1);
        return text.left(text.size() - word.size())
            + (word.startsWith(QLatin1Char('-')) ? QStringLiteral("-") : QString()) + index.data().toString();
    }
};

QString fromView(std::string_view text)
{
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

QString exampleOf(std::string_view table)
{
    if (table == "queues")
        return QStringLiteral("ready>0 oldest>30s user:ali*");
    if (table == "flow")
        return QStringLiteral("kind:offer,answer from:ali*");
    if (table == "connections")
        return QStringLiteral("queued>64KiB tls:no");
    if (table == "destinations")
        return QStringLiteral("kind:queue ready>0 id:/queue/jobs*");
    return QStringLiteral("state:acked backlog>0 user:ali* -negotiation:connected");
}

} // namespace

FilterBar::FilterBar(const management::Table &table, QWidget *parent)
    : QWidget(parent)
    , m_table(table)
    , m_line(new QLineEdit(this))
    , m_note(new QLabel(this))
    , m_count(new QLabel(this))
{
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_line, 1);
    layout->addWidget(m_note);
    layout->addWidget(m_count);
    m_line->setClearButtonEnabled(true);
    m_line->setAccessibleName(tr("Filter"));
    m_line->setPlaceholderText(tr("Filter, e.g.  %1").arg(exampleOf(table.name)));
    m_line->addAction(glyphIcon(Glyph::Search), QLineEdit::LeadingPosition);
    m_line->setMinimumHeight(m_line->fontMetrics().height() + 14);
    m_count->setForegroundRole(QPalette::PlaceholderText);
    m_note->hide();
    auto *completer = new LastWordCompleter(words(), this);
    completer->setCaseSensitivity(Qt::CaseInsensitive);
    m_line->setCompleter(completer);
    m_delay.setSingleShot(true);
    m_delay.setInterval(delay);
    connect(&m_delay, &QTimer::timeout, this, &FilterBar::tell);
    connect(m_line, &QLineEdit::textChanged, this, [this] {
        check();
        m_delay.start();
    });
    connect(m_line, &QLineEdit::returnPressed, this, &FilterBar::tell);
}

QStringList FilterBar::words() const
{
    QStringList words;
    for (const management::Column &column : m_table.columns) {
        const QString name = fromView(column.name);
        const bool number = column.type == management::ColumnType::Number;
        words.append(name + (number ? QLatin1Char('>') : QLatin1Char(':')));
        for (const QString &choice : fromView(column.choices).split(QLatin1Char(' '), Qt::SkipEmptyParts))
            words.append(name + QLatin1Char(':') + choice);
    }
    return words;
}

void FilterBar::setText(const QString &text)
{
    m_line->setText(text);
    tell();
}

void FilterBar::focusLine()
{
    m_line->setFocus(Qt::ShortcutFocusReason);
    m_line->selectAll();
}

QString FilterBar::problem() const
{
    return m_good ? QString() : m_note->text();
}

void FilterBar::check()
{
    const auto filter = management::Filter::parse(m_line->text().toStdString(), m_table.columns);
    m_good = filter.has_value();
    if (!m_good)
        showProblem(QString::fromStdString(filter.error().message), static_cast<int>(filter.error().offset));
    else
        m_note->hide();
    color();
}

void FilterBar::showProblem(const QString &message, int at)
{
    m_good = false;
    m_note->setText(at >= 0 ? tr("✕ %1 (character %2)").arg(message).arg(at + 1) : tr("✕ %1").arg(message));
    m_note->show();
    color();
}

void FilterBar::showCount(const QString &text)
{
    m_count->setText(text);
}

void FilterBar::color()
{
    const QPalette surroundings = parentWidget() != nullptr ? parentWidget()->palette() : palette();
    const Colors &colors = colorsOf(surroundings);
    QPalette tinted = palette();
    if (!m_line->text().trimmed().isEmpty())
        tinted.setColor(QPalette::Base, colors.tint(m_good ? colors.good : colors.bad, 0.16));
    m_line->setPalette(tinted);
    QPalette note = palette();
    note.setColor(QPalette::WindowText, colors.bad);
    m_note->setPalette(note);
}

void FilterBar::changeEvent(QEvent *event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        color();
}

void FilterBar::tell()
{
    m_delay.stop();
    const QString text = m_line->text().trimmed();
    if (!m_good || text == m_told)
        return;
    m_told = text;
    emit filterChanged(text);
}

} // namespace msgsrv::console
