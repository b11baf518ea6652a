// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/pages/diffview.h"

#include "admin-gui/models/format.h"
#include "admin-gui/models/sdpdiff.h"
#include "admin-gui/widgets/palette.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHeaderView>
#include <QTreeWidget>
#include <QVBoxLayout>

namespace msgsrv::console {

namespace {

using Kind = FlowMessage::Kind;

bool isDescription(const FlowMessage &message)
{
    return message.kind == Kind::Offer || message.kind == Kind::Answer;
}

QString titleOf(const FlowMessage &message)
{
    return DiffView::tr("%1 of %2, %3")
        .arg(FlowMessage::kindName(message.kind), message.from, format::clock(message.ts, false));
}

/// What the line is, not by colour alone.
QString markOf(SdpDiffRow::Kind kind)
{
    switch (kind) {
    case SdpDiffRow::Kind::Changed:
        return QStringLiteral("≠");
    case SdpDiffRow::Kind::OnlyLeft:
        return QStringLiteral("−");
    case SdpDiffRow::Kind::OnlyRight:
        return QStringLiteral("+");
    case SdpDiffRow::Kind::Section:
    case SdpDiffRow::Kind::Same:
        break;
    }
    return {};
}

Tone toneOf(SdpDiffRow::Kind kind)
{
    switch (kind) {
    case SdpDiffRow::Kind::Changed:
        return Tone::Warning;
    case SdpDiffRow::Kind::OnlyLeft:
        return Tone::Bad;
    case SdpDiffRow::Kind::OnlyRight:
        return Tone::Good;
    case SdpDiffRow::Kind::Same:
        return Tone::Muted;
    case SdpDiffRow::Kind::Section:
        break;
    }
    return Tone::Plain;
}

} // namespace

DiffView::DiffView(FlowModel &flow, QWidget *parent)
    : QWidget(parent)
    , m_flow(flow)
    , m_which(new QComboBox(this))
    , m_onlyChanges(new QCheckBox(tr("Only &differences"), this))
    , m_tree(new QTreeWidget(this))
{
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 6, 0, 0);
    auto *head = new QHBoxLayout;
    m_which->addItems({tr("offer and answer"), tr("with the one before")});
    m_which->setAccessibleName(tr("What is compared"));
    m_onlyChanges->setChecked(true);
    head->addWidget(m_which);
    head->addWidget(m_onlyChanges);
    head->addStretch(1);
    layout->addLayout(head);
    m_tree->setAccessibleName(tr("Difference of two descriptions"));
    m_tree->setColumnCount(3);
    m_tree->setRootIsDecorated(false);
    m_tree->setUniformRowHeights(true);
    m_tree->setFrameShape(QFrame::NoFrame);
    m_tree->setColumnWidth(0, fontMetrics().horizontalAdvance(QLatin1Char('0')) * 4);
    m_tree->header()->setSectionResizeMode(0, QHeaderView::Fixed);
    for (const int side : {1, 2})
        m_tree->header()->setSectionResizeMode(side, QHeaderView::Stretch);
    layout->addWidget(m_tree, 1);
    connect(m_which, &QComboBox::currentIndexChanged, this, &DiffView::update);
    connect(m_onlyChanges, &QCheckBox::toggled, this, &DiffView::update);
    update();
}

void DiffView::setComparison(int which)
{
    m_which->setCurrentIndex(which);
}

void DiffView::show(quint64 seq)
{
    m_seq = seq;
    update();
}

const FlowMessage *DiffView::counterpart(int row) const
{
    const FlowMessage &message = m_flow.at(row);
    const bool offer = message.kind == Kind::Offer;
    for (int i = row + (offer ? 1 : -1); i >= 0 && i < m_flow.rowCount(); i += offer ? 1 : -1) {
        const FlowMessage &other = m_flow.at(i);
        if (other.from == message.to && other.to == message.from && isDescription(other)
            && other.kind != message.kind)
            return &other;
    }
    return nullptr;
}

const FlowMessage *DiffView::before(int row) const
{
    const FlowMessage &message = m_flow.at(row);
    for (int i = row - 1; i >= 0; --i) {
        const FlowMessage &other = m_flow.at(i);
        if (other.from == message.from && other.to == message.to && isDescription(other))
            return &other;
    }
    return nullptr;
}

void DiffView::say(const QString &sentence)
{
    m_tree->setHeaderLabels({QString(), QString(), QString()});
    auto *item = new QTreeWidgetItem({QString(), sentence});
    m_tree->addTopLevelItem(item);
    item->setFirstColumnSpanned(false);
}

void DiffView::update()
{
    m_tree->clear();
    const int row = m_seq == 0 ? -1 : m_flow.indexOfSeq(m_seq);
    if (row < 0 || !isDescription(m_flow.at(row)))
        return say(tr("Choose an offer or an answer"));
    const FlowMessage &chosen = m_flow.at(row);
    const bool versions = m_which->currentIndex() == 1;
    const FlowMessage *other = versions ? before(row) : counterpart(row);
    if (other == nullptr)
        return say(versions ? tr("%1 described nothing before").arg(chosen.from)
                            : tr("There is nothing it belongs to"));
    if (chosen.payload.isEmpty() || other->payload.isEmpty())
        return say(tr("Contents are not recorded"));
    const bool otherFirst = other->seq < chosen.seq;
    const FlowMessage &left = otherFirst ? *other : chosen;
    const FlowMessage &right = otherFirst ? chosen : *other;
    m_tree->setHeaderLabels({QString(), titleOf(left), titleOf(right)});
    const Colors &colors = colorsOf(palette());
    int differences = 0;
    for (const SdpDiffRow &line :
         sdpDiff(Sdp::parse(Sdp::textIn(left.payload)), Sdp::parse(Sdp::textIn(right.payload)))) {
        const bool section = line.kind == SdpDiffRow::Kind::Section;
        differences += section || line.kind == SdpDiffRow::Kind::Same ? 0 : 1;
        if (line.kind == SdpDiffRow::Kind::Same && m_onlyChanges->isChecked())
            continue;
        auto *item = new QTreeWidgetItem({markOf(line.kind), line.left, line.right});
        for (int column = 0; column < 3; ++column) {
            item->setForeground(column, colors.of(toneOf(line.kind)));
            item->setToolTip(column, column == 2 ? line.right : line.left);
            QFont font = m_tree->font();
            font.setBold(section);
            item->setFont(column, font);
        }
        m_tree->addTopLevelItem(item);
    }
    if (differences == 0)
        m_tree->addTopLevelItem(new QTreeWidgetItem({QString(), tr("They are the same")}));
}

} // namespace msgsrv::console
