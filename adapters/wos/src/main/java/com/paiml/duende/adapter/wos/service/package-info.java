/** The kernel as a service of this bundle, for its adapter and its commands. */
@NullMarked
package com.paiml.duende.adapter.wos.service;

import org.jspecify.annotations.NullMarked;
