/** The service manager through systemctl, where there is no bus. */
@NullMarked
package com.paiml.duende.adapter.systemd.tool;

import org.jspecify.annotations.NullMarked;
