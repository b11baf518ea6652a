// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QJsonArray>
#include <QJsonObject>
#include <QJsonValue>
#include <QString>

namespace msgsrv::ctl {

/// A value for a terminal: null as "-", no control or format character as it is, so that nothing that a
/// client sent can move the cursor or forge a line.
[[nodiscard]] QString toText(const QJsonValue &value);

/// Rows under their column names, aligned; numbers to the right. Ends with a line feed.
[[nodiscard]] QString toTable(const QJsonArray &columns, const QJsonArray &rows);

/// `name  value`, one a line; members of members as `name.member`.
[[nodiscard]] QString toList(const QJsonObject &object);

/// One compact JSON object a row, with its column names, one a line.
[[nodiscard]] QString toJsonLines(const QJsonArray &columns, const QJsonArray &rows);

[[nodiscard]] QString toJsonLine(const QJsonObject &object);

} // namespace msgsrv::ctl
