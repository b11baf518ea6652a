// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/models/flowmodel.h"

#include <QWidget>

class QLabel;
class QListWidget;
class QTabWidget;
class QTreeWidget;

namespace msgsrv::console {

class DiffView;
struct Colors;
struct NegotiationStep;

/// Beside a ladder: the chosen message (facts, description as a tree, candidates by type), what seems wrong
/// between its two users, and how far their negotiation is.
class MessagePanel : public QWidget
{
    Q_OBJECT

public:
    explicit MessagePanel(FlowModel &flow, QWidget *parent = nullptr);

    /// Null: nothing is chosen.
    void showMessage(const FlowMessage *message);
    /// What is between @p user and @p peer; an empty peer: everybody.
    void judgePair(const QString &user, const QString &peer, qint64 now);
    [[nodiscard]] QStringList verdicts() const;
    [[nodiscard]] QTreeWidget &description() const { return *m_sdp; }
    [[nodiscard]] QTreeWidget &candidates() const { return *m_candidates; }
    void showDifference(); ///< brings its tab to the front
    [[nodiscard]] DiffView &difference() const { return *m_diff; }

private:
    void addStep(const NegotiationStep &step, const Colors &colors);
    void showFacts(const FlowMessage *message);
    void showDescription(const FlowMessage *message);
    void showCandidates(const QString &user, const QString &peer);
    [[nodiscard]] std::vector<const FlowMessage *> between(const QString &user, const QString &peer) const;

    FlowModel &m_flow;
    QListWidget *m_verdicts;
    QListWidget *m_steps;
    QLabel *m_facts;
    QTabWidget *m_tabs;
    QTreeWidget *m_sdp;
    QTreeWidget *m_candidates;
    DiffView *m_diff;
    QStringList m_judged; ///< what the lists say, so that they are made anew only when it changes
    quint64 m_shown = 0;
    bool m_shownWithContent = false;
};

} // namespace msgsrv::console
