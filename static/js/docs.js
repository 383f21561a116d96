// Starts Swagger UI; a file of its own, since the page allows no inline script.
{
  const place = /** @type {HTMLElement} */ (document.getElementById("swagger-ui"));
  /** @type {any} */ (window).SwaggerUIBundle({
    domNode: place,
    url: place.dataset.openapi,
    deepLinking: true,
    tryItOutEnabled: true,
    validatorUrl: null,
  });
}
