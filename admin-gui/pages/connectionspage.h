// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/pages/tablepage.h"

namespace msgsrv::console {

/// All connections of users.
class ConnectionsPage : public TablePage
{
    Q_OBJECT

public:
    ConnectionsPage(PageContext context, QWidget *parent)
        : TablePage(context, TableSpec::connections(), parent)
    {
        addAction(tr("&Open session"), {}, [this] {
            emit linkActivated(
                {.page = PageId::Session, .user = selectedValue(QStringLiteral("user")).toString()});
        });
    }

    [[nodiscard]] PageId id() const override { return PageId::Connections; }
    [[nodiscard]] QString title() const override { return tr("Connections"); }
    [[nodiscard]] Glyph glyph() const override { return Glyph::Connections; }
};

} // namespace msgsrv::console
