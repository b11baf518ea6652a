// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/pages/tablepage.h"

namespace msgsrv::console {

/// All sessions; those most in need first.
class SessionsPage : public TablePage
{
    Q_OBJECT

public:
    SessionsPage(PageContext context, QWidget *parent);

    [[nodiscard]] PageId id() const override { return PageId::Sessions; }
    [[nodiscard]] QString title() const override { return tr("Sessions"); }
    [[nodiscard]] Glyph glyph() const override { return Glyph::Sessions; }

    void openSelected();
    void disconnectSelected();

protected:
    void fillMenu(QMenu &menu) override;
    void selectionChanged() override;

private:
    QPushButton *m_disconnect;
};

} // namespace msgsrv::console
