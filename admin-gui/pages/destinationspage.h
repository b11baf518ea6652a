// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/pages/tablepage.h"

namespace msgsrv::console {

/// The queues and topics that programs share.
class DestinationsPage : public TablePage
{
    Q_OBJECT

public:
    DestinationsPage(PageContext context, QWidget *parent)
        : TablePage(context, TableSpec::destinations(), parent)
    { }

    [[nodiscard]] PageId id() const override { return PageId::Destinations; }
    [[nodiscard]] QString title() const override { return tr("Destinations"); }
    [[nodiscard]] Glyph glyph() const override { return Glyph::Destinations; }
};

} // namespace msgsrv::console
