// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/widgets/ladderlayout.h"

#include <QByteArray>

namespace msgsrv::console {

/// What an export may say. Redacted: users are called "user 1", "user 2" in the order of their appearance,
/// and contents are left out.
enum class Redaction { Redacted, Full };

constexpr int mostExportedRows = 5000; ///< the last ones

/// The diagram as SVG 1.1.
[[nodiscard]] QByteArray ladderSvg(const LadderLayout &layout, const LadderLayout::Source &at,
                                   Redaction redaction);
/// The messages of the diagram as a JSON array.
[[nodiscard]] QByteArray ladderJson(const LadderLayout &layout, const LadderLayout::Source &at,
                                    Redaction redaction);

} // namespace msgsrv::console
