// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/models/tone.h"

#include <QString>
#include <QVariant>

#include <vector>

namespace msgsrv::console {

/// How a column is shown.
struct ColumnSpec
{
    enum class Kind { Text, State, Negotiation, Count, Trouble, Bytes, Duration, Moment, Flag };
    QString name; ///< in the protocol
    QString title;
    QString meaning; ///< for the tool tip
    Kind kind = Kind::Text;
    int width = 90; ///< pixels at 96 dpi
    bool hidden = false; ///< at first

    [[nodiscard]] bool isNumber() const;
    [[nodiscard]] QString display(const QVariant &raw) const;
    [[nodiscard]] Tone tone(const QVariant &raw) const;
};

/// A table of the protocol as this console shows it.
struct TableSpec
{
    QString name;
    QString sort; ///< at first; "-" before it for descending
    std::vector<ColumnSpec> columns;

    [[nodiscard]] int indexOf(const QString &column) const; ///< -1 if there is none
    [[nodiscard]] QStringList columnNames() const;

    [[nodiscard]] static TableSpec sessions();
    [[nodiscard]] static TableSpec queues();
    [[nodiscard]] static TableSpec destinations();
    [[nodiscard]] static TableSpec connections();
    [[nodiscard]] static TableSpec nodes();
};

} // namespace msgsrv::console
