// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/app/profile.h"

#include <QWidget>

class QComboBox;
class QFormLayout;
class QLineEdit;
class QStackedWidget;

namespace msgsrv::console {

/// How the server of a profile is reached: by a local socket, by TLS, or through ssh, each with its own
/// fields.
class AccessForm : public QWidget
{
    Q_OBJECT

public:
    explicit AccessForm(QWidget *parent = nullptr);

    /// Shows the part of @p profile that is about its server.
    void show(const Profile &profile);
    /// Puts what the fields say into that part of @p profile.
    void store(Profile &profile) const;

signals:
    void edited();

private:
    [[nodiscard]] QLineEdit *line(QFormLayout *form, const QString &label, const QString &name,
                                  const QString &placeholder);
    /// A line with a button that chooses a file.
    [[nodiscard]] QLineEdit *fileLine(QFormLayout *form, const QString &label, const QString &name,
                                      const QString &placeholder);
    [[nodiscard]] QFormLayout *page();

    QComboBox *m_kind;
    QStackedWidget *m_pages;
    QLineEdit *m_socket;
    QLineEdit *m_server;
    QLineEdit *m_ca;
    QLineEdit *m_tokenFile;
    QLineEdit *m_certificate;
    QLineEdit *m_key;
    QLineEdit *m_sshHost;
    QLineEdit *m_sshSocket;
    bool m_showing = false;
};

} // namespace msgsrv::console
