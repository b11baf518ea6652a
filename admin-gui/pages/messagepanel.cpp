// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/pages/messagepanel.h"

#include "admin-gui/models/checklist.h"
#include "admin-gui/models/format.h"
#include "admin-gui/models/sdp.h"
#include "admin-gui/models/verdict.h"
#include "admin-gui/pages/diffview.h"
#include "admin-gui/widgets/glyph.h"
#include "admin-gui/widgets/palette.h"

#include <QHeaderView>
#include <QJsonDocument>
#include <QLabel>
#include <QListWidget>
#include <QMap>
#include <QTabWidget>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace msgsrv::console {

namespace {

QLabel *heading(const QString &text, QWidget *parent)
{
    auto *label = new QLabel(text, parent);
    QFont font = label->font();
    font.setBold(true);
    label->setFont(font);
    return label;
}

QListWidget *list(const QString &name, int lines, QWidget *parent)
{
    auto *widget = new QListWidget(parent);
    widget->setAccessibleName(name);
    widget->setWordWrap(true);
    widget->setFrameShape(QFrame::NoFrame);
    widget->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    widget->setSelectionMode(QAbstractItemView::NoSelection);
    widget->setResizeMode(QListView::Adjust);
    widget->setSpacing(1);
    widget->setFixedHeight(widget->fontMetrics().height() * lines + 16);
    return widget;
}

QTreeWidget *tree(const QString &name, const QStringList &columns, QWidget *parent)
{
    auto *widget = new QTreeWidget(parent);
    widget->setAccessibleName(name);
    widget->setHeaderLabels(columns);
    widget->setUniformRowHeights(true);
    widget->setFrameShape(QFrame::NoFrame);
    widget->setAlternatingRowColors(true);
    return widget;
}

} // namespace

MessagePanel::MessagePanel(FlowModel &flow, QWidget *parent)
    : QWidget(parent)
    , m_flow(flow)
    , m_verdicts(list(tr("Verdicts"), 6, this))
    , m_steps(list(tr("Negotiation"), 8, this))
    , m_facts(new QLabel(this))
    , m_tabs(new QTabWidget(this))
    , m_sdp(tree(tr("Description"), {tr("Line"), tr("Meaning")}, this))
    , m_candidates(tree(tr("Candidates"), {tr("Address"), tr("Port"), tr("By"), tr("From")}, this))
    , m_diff(new DiffView(flow, this))
{
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(8, 0, 0, 0);
    layout->setSpacing(6);
    layout->addWidget(heading(tr("Verdict"), this));
    layout->addWidget(m_verdicts);
    layout->addWidget(heading(tr("Negotiation"), this));
    layout->addWidget(m_steps);
    layout->addWidget(heading(tr("Chosen message"), this));
    layout->addWidget(m_facts);
    m_facts->setWordWrap(true);
    m_facts->setTextFormat(Qt::PlainText);
    m_facts->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_facts->setForegroundRole(QPalette::PlaceholderText);
    m_tabs->addTab(m_sdp, tr("&Content"));
    m_tabs->addTab(m_candidates, tr("C&andidates"));
    m_tabs->addTab(m_diff, tr("Di&fference"));
    m_tabs->setDocumentMode(true);
    m_sdp->setColumnWidth(0, fontMetrics().horizontalAdvance(QLatin1Char('0')) * 34);
    m_candidates->setColumnWidth(0, fontMetrics().horizontalAdvance(QLatin1Char('0')) * 24);
    layout->addWidget(m_tabs, 1);
    showMessage(nullptr);
}

std::vector<const FlowMessage *> MessagePanel::between(const QString &user, const QString &peer) const
{
    std::vector<const FlowMessage *> messages;
    for (int i = 0; i < m_flow.rowCount(); ++i) {
        const FlowMessage &message = m_flow.at(i);
        const bool there = message.from == user && (peer.isEmpty() || message.to == peer);
        const bool back = message.to == user && (peer.isEmpty() || message.from == peer);
        if (there || back || message.kind == FlowMessage::Kind::Gap)
            messages.push_back(&message);
    }
    return messages;
}

void MessagePanel::judgePair(const QString &user, const QString &peer, qint64 now)
{
    const auto messages = user.isEmpty() ? std::vector<const FlowMessage *>() : between(user, peer);
    const std::vector<Verdict> verdicts = judge(messages, now);
    const std::vector<NegotiationStep> steps = checkList(messages);
    // Made anew only when it changes: somebody may be reading it, or have folded a group.
    QStringList judged{user, peer, QString::number(messages.size()), QString::number(m_flow.hasPayload()),
                       palette().color(QPalette::Base).name()};
    for (const Verdict &verdict : verdicts)
        judged << verdict.sentence;
    for (const NegotiationStep &step : steps)
        judged << step.title << step.detail << QString::number(int(step.state));
    if (judged == m_judged)
        return;
    m_judged = judged;

    const Colors &colors = colorsOf(palette());
    const auto item = [&](Glyph glyph, const QColor &color, const QString &text) {
        auto *entry = new QListWidgetItem(glyphIcon(glyph, color), text);
        entry->setToolTip(text);
        m_verdicts->addItem(entry);
    };
    m_verdicts->clear();
    m_steps->clear();
    if (messages.empty()) {
        m_verdicts->addItem(tr("Choose a message to have its negotiation judged"));
        return;
    }
    for (const Verdict &verdict : verdicts)
        item(Glyph::Alert, colors.of(verdict.tone), verdict.sentence);
    if (m_verdicts->count() == 0)
        item(Glyph::Calm, colors.good,
             tr("Nothing wrong between %1 and %2").arg(user, peer.isEmpty() ? tr("anybody") : peer));
    for (const NegotiationStep &step : steps)
        addStep(step, colors);
    m_verdicts->setCurrentRow(0);
    m_steps->setCurrentRow(0);
    showCandidates(user, peer);
    m_diff->show(m_shown); // what it belongs to may have come
}

void MessagePanel::addStep(const NegotiationStep &step, const Colors &colors)
{
    const bool done = step.state == NegotiationStep::State::Done;
    const bool failed = step.state == NegotiationStep::State::Failed;
    const QString mark = done ? QStringLiteral("✓ ") : failed ? QStringLiteral("✕ ") : QStringLiteral("○ ");
    auto *entry = new QListWidgetItem(
        mark + step.title + (step.detail.isEmpty() ? tr(": not yet") : QLatin1String(": ") + step.detail));
    entry->setForeground(done ? colors.text : failed ? colors.bad : colors.muted);
    entry->setToolTip(entry->text());
    m_steps->addItem(entry);
}

void MessagePanel::showDifference()
{
    m_tabs->setCurrentWidget(m_diff);
}

QStringList MessagePanel::verdicts() const
{
    QStringList texts;
    for (int i = 0; i < m_verdicts->count(); ++i)
        texts.append(m_verdicts->item(i)->text());
    return texts;
}

void MessagePanel::showMessage(const FlowMessage *message)
{
    showFacts(message);
    const bool content = message != nullptr && !message->payload.isEmpty();
    const quint64 seq = message == nullptr ? 0 : message->seq;
    if (seq == m_shown && content == m_shownWithContent && seq != 0)
        return; // a tree that somebody has unfolded stays as it is
    m_shown = seq;
    m_shownWithContent = content;
    showDescription(message);
    m_diff->show(seq);
}

void MessagePanel::showFacts(const FlowMessage *message)
{
    if (message == nullptr)
        m_facts->setText(tr("None. Choose a row, with the arrow keys or by a click."));
    else
        m_facts->setText(
            tr("%1 · %2 from %3 to %4\n%5 · %6 · by %7 · %8")
                .arg(format::clock(message->ts), FlowMessage::kindName(message->kind), message->from,
                     message->to,
                     message->outcomeText()
                         + (message->delay >= 0
                                ? tr(" after %1")
                                      .arg(format::microseconds(static_cast<double>(message->delay)))
                                : QString()),
                     format::bytes(static_cast<double>(message->bytes)), message->via, message->message));
}

void MessagePanel::showDescription(const FlowMessage *message)
{
    m_sdp->clear();
    if (message == nullptr)
        return;
    if (message->payload.isEmpty()) {
        m_sdp->addTopLevelItem(new QTreeWidgetItem(
            {m_flow.hasPayload() ? tr("(no content was recorded)") : tr("(contents are not recorded)")}));
        return;
    }
    const Sdp sdp = Sdp::parse(Sdp::textIn(message->payload));
    for (const Sdp::Section &section : sdp.sections) {
        auto *top = new QTreeWidgetItem({section.title, section.codecs.join(QLatin1String(", "))});
        QFont bold = font();
        bold.setBold(true);
        top->setFont(0, bold);
        for (const Sdp::Line &line : section.lines)
            top->addChild(new QTreeWidgetItem({line.type + QLatin1Char('=') + line.value, line.meaning}));
        m_sdp->addTopLevelItem(top);
        top->setExpanded(!section.media.isEmpty());
    }
    if (!sdp.isEmpty())
        return;
    const QJsonDocument json = QJsonDocument::fromJson(message->payload.toUtf8());
    const QString text = json.isNull() ? message->payload : QString::fromUtf8(json.toJson());
    for (const QString &line : text.left(20'000).split(QLatin1Char('\n'), Qt::SkipEmptyParts))
        m_sdp->addTopLevelItem(new QTreeWidgetItem({line}));
}

void MessagePanel::showCandidates(const QString &user, const QString &peer)
{
    m_candidates->clear();
    QMap<QString, QTreeWidgetItem *> groups;
    for (const FlowMessage *message : between(user, peer)) {
        if (message->payload.isEmpty())
            continue;
        for (const IceCandidate &candidate : IceCandidate::allIn(message->payload)) {
            const QString type = candidate.isMdns() ? tr("host, hidden behind mDNS") : candidate.type;
            QTreeWidgetItem *&group = groups[type];
            if (group == nullptr) {
                group = new QTreeWidgetItem({type});
                m_candidates->addTopLevelItem(group);
                group->setExpanded(true);
            }
            group->addChild(new QTreeWidgetItem(
                {candidate.address, QString::number(candidate.port), candidate.transport, message->from}));
        }
    }
    for (QTreeWidgetItem *group : groups)
        group->setText(0, tr("%1 (%2)").arg(group->text(0)).arg(group->childCount()));
    if (groups.isEmpty())
        m_candidates->addTopLevelItem(new QTreeWidgetItem(
            {m_flow.hasPayload() ? tr("(none seen)") : tr("(contents are not recorded)")}));
}

} // namespace msgsrv::console
