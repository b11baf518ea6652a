// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/pages/seriesreply.h"

#include <QJsonArray>

#include <algorithm>
#include <cmath>

namespace msgsrv::console {

SeriesData seriesFrom(const QJsonObject &result)
{
    SeriesData data;
    data.end = result.value(QLatin1String("end")).toInteger();
    data.step = static_cast<qint64>(
        std::clamp(result.value(QLatin1String("step")).toDouble(1), 0.001, 86'400.0) * 1000);
    const QJsonArray values = result.value(QLatin1String("values")).toArray();
    const qsizetype count = std::min<qsizetype>(values.size(), 10'000);
    for (qsizetype i = values.size() - count; i < values.size(); ++i)
        data.values.push_back(values.at(i).isDouble() ? values.at(i).toDouble() : std::nan(""));
    return data;
}

} // namespace msgsrv::console
