// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/models/flowmodel.h"

#include <QWidget>

class QCheckBox;
class QComboBox;
class QTreeWidget;

namespace msgsrv::console {

/// A description beside another: the offer or answer that it belongs to, or what its sender said before.
class DiffView : public QWidget
{
    Q_OBJECT

public:
    explicit DiffView(FlowModel &flow, QWidget *parent = nullptr);

    /// The message with this sequence number; 0: none.
    void show(quint64 seq);
    [[nodiscard]] QTreeWidget &tree() const { return *m_tree; }
    /// 0: with its counterpart, 1: with the one before it.
    void setComparison(int which);

private:
    void update();
    [[nodiscard]] const FlowMessage *counterpart(int row) const;
    [[nodiscard]] const FlowMessage *before(int row) const;
    void say(const QString &sentence);

    FlowModel &m_flow;
    QComboBox *m_which;
    QCheckBox *m_onlyChanges;
    QTreeWidget *m_tree;
    quint64 m_seq = 0;
};

} // namespace msgsrv::console
