// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QJsonArray>
#include <QJsonObject>
#include <QString>

namespace msgsrv::console::demo {

/// The curves of the staged server, which are functions of time: a working day, and one bad minute.

[[nodiscard]] QJsonArray seriesList();
/// The result of series.get at @p now (ms since the epoch). Empty object: no such series.
[[nodiscard]] QJsonObject series(const QString &name, int seconds, qint64 now);
/// The value of one series now; 0 for one that does not exist.
[[nodiscard]] double seriesNow(const QString &name, qint64 now);

} // namespace msgsrv::console::demo
