// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/widgets/gotobox.h"

#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace msgsrv::console {

GoToBox::GoToBox(QWidget *window)
    : QFrame(window)
    , m_line(new QLineEdit(this))
    , m_list(new QListWidget(this))
{
    setFrameStyle(QFrame::Box | QFrame::Plain);
    setForegroundRole(QPalette::Highlight);
    setBackgroundRole(QPalette::Base);
    setAutoFillBackground(true);
    setAccessibleName(tr("Go to"));
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(10, 10, 10, 10);
    layout->addWidget(m_line);
    layout->addWidget(m_list);
    m_line->setPlaceholderText(tr("Go to a page, an action or a user …"));
    m_line->setAccessibleName(tr("Go to a page, an action or a user"));
    m_line->setMinimumHeight(m_line->fontMetrics().height() + 14);
    m_line->installEventFilter(this);
    m_list->setFocusPolicy(Qt::NoFocus);
    m_list->setFrameShape(QFrame::NoFrame);
    connect(m_line, &QLineEdit::textChanged, this, [this](const QString &text) {
        m_found.clear();
        fill();
        emit searched(text.trimmed());
    });
    connect(m_list, &QListWidget::itemClicked, this, &GoToBox::choose);
    hide();
}

int GoToBox::fit(const QString &title, const QString &text)
{
    if (text.isEmpty())
        return 1;
    const qsizetype at = title.indexOf(text, 0, Qt::CaseInsensitive);
    if (at == 0)
        return 4;
    if (at > 0)
        return title.at(at - 1).isLetterOrNumber() ? 2 : 3;
    qsizetype place = 0; // the letters in order, with others between
    for (const QChar &letter : text) {
        place = title.indexOf(letter, place, Qt::CaseInsensitive);
        if (place < 0)
            return 0;
        ++place;
    }
    return 1;
}

void GoToBox::open(std::vector<Target> targets)
{
    m_targets = std::move(targets);
    m_found.clear();
    m_line->clear();
    fill();
    const int width = std::min(560, parentWidget()->width() - 40);
    setGeometry((parentWidget()->width() - width) / 2, parentWidget()->height() / 8, width,
                std::min(420, parentWidget()->height() * 2 / 3));
    show();
    raise();
    m_line->setFocus();
}

void GoToBox::setFound(const QString &forText, std::vector<Target> found)
{
    if (m_line->text().trimmed() != forText)
        return;
    m_found = std::move(found);
    fill();
}

QStringList GoToBox::shown() const
{
    QStringList titles;
    for (const Target *target : m_shown)
        titles.append(target->title);
    return titles;
}

void GoToBox::fill()
{
    const QString text = m_line->text().trimmed();
    m_shown.clear();
    for (const auto *list : {&m_targets, &m_found}) {
        for (const Target &target : *list) {
            if (fit(target.title, text) > 0)
                m_shown.push_back(&target);
        }
    }
    std::stable_sort(m_shown.begin(), m_shown.end(), [&text](const Target *a, const Target *b) {
        return fit(a->title, text) > fit(b->title, text);
    });
    m_list->clear();
    for (const Target *target : m_shown)
        m_list->addItem(target->hint.isEmpty() ? target->title
                                               : target->title + QStringLiteral("    —  ") + target->hint);
    if (m_list->count() > 0)
        m_list->setCurrentRow(0);
}

void GoToBox::choose()
{
    const int row = m_list->currentRow();
    if (row < 0 || row >= static_cast<int>(m_shown.size()))
        return;
    const auto go = m_shown[static_cast<std::size_t>(row)]->go;
    hide();
    if (go)
        go();
}

bool GoToBox::eventFilter(QObject *watched, QEvent *event)
{
    if (event->type() == QEvent::FocusOut) {
        hide();
    } else if (event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent *>(event)->key();
        if (key == Qt::Key_Escape) {
            hide();
            return true;
        }
        if (key == Qt::Key_Return || key == Qt::Key_Enter) {
            choose();
            return true;
        }
        if (key == Qt::Key_Down || key == Qt::Key_Up) {
            const int rows = m_list->count();
            if (rows > 0)
                m_list->setCurrentRow((m_list->currentRow() + (key == Qt::Key_Down ? 1 : rows - 1)) % rows);
            return true;
        }
    }
    return QFrame::eventFilter(watched, event);
}

} // namespace msgsrv::console
