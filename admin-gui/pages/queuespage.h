// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/pages/tablepage.h"

class QLabel;
class QStandardItemModel;

namespace msgsrv::console {

/// All queues; what waits in one can be looked at without taking it, and thrown away.
class QueuesPage : public TablePage
{
    Q_OBJECT

public:
    QueuesPage(PageContext context, QWidget *parent);

    [[nodiscard]] PageId id() const override { return PageId::Queues; }
    [[nodiscard]] QString title() const override { return tr("Queues"); }
    [[nodiscard]] Glyph glyph() const override { return Glyph::Queues; }

    void peekSelected();
    void purgeSelected();
    [[nodiscard]] QStandardItemModel &messages() const { return *m_messages; }

protected:
    void fillMenu(QMenu &menu) override;

private:
    QWidget *m_panel;
    QLabel *m_heading;
    QStandardItemModel *m_messages;
};

} // namespace msgsrv::console
