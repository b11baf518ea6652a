// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDialog>

class QLineEdit;
class QPushButton;

namespace msgsrv::console {

/// Asks for the decision, and for a reason that lands in the server's audit log. What is pressed says what
/// will be done; Cancel is the default. For many objects their count has to be typed.
class ReasonDialog : public QDialog
{
    Q_OBJECT

public:
    static constexpr int manyObjects = 10;

    /// @p verb is the button, e.g. "Disconnect 3 users"; @p effect what will happen.
    ReasonDialog(const QString &verb, const QString &effect, int count, QWidget *parent = nullptr);

    [[nodiscard]] QString reason() const;

private:
    void check();

    QLineEdit *m_reason;
    QLineEdit *m_typed = nullptr;
    QPushButton *m_do;
    int m_count;
};

} // namespace msgsrv::console
