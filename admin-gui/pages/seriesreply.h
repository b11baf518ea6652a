// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/widgets/chartgeometry.h"

#include <QJsonObject>

namespace msgsrv::console {

/// The result of series.get. At most 10,000 values are taken; what is no number is unknown.
[[nodiscard]] SeriesData seriesFrom(const QJsonObject &result);

} // namespace msgsrv::console
